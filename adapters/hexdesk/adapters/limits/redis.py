"""Rate limits counted in Redis or Valkey, for all processes together."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hexdesk.core.errors import UnavailableError
from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter, Verdict

MICRO = 1_000_000
RATE = "hexdesk:rate"

Run = Callable[[str, Sequence[str], Sequence[int]], Awaitable[Any]]

# GCRA in whole numbers, so that nothing is rounded: a bucket holds microseconds times the limit,
# an attempt adds the period, and in each microsecond the limit leaks out. KEYS are the buckets,
# ARGV each one's limit and period. Returns whether all were counted, which of them is closest to
# its limit (from 1), and that one's level before it was counted.
HIT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local levels, hit, refused, allowed = {}, {}, nil, nil
local wait, share = 0, 0
for i, key in ipairs(KEYS) do
  local limit, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local level = levels[key]
  if not level then
    level = 0
    local kept = redis.call('GET', key)
    if kept then
      local was, at = string.match(kept, '^(%d+) (%d+)$')
      level = math.max(was - math.max(now - at, 0) * limit, 0)
    end
  end
  local room = period * (limit - 1) - level
  if room < 0 then
    if not refused or -room / limit > wait then
      refused, wait = {0, i, string.format('%.0f', level)}, -room / limit
    end
  else
    levels[key] = level + period
    local left = math.floor(room / period) / limit
    if not allowed or left < share then
      allowed, share = {1, i, string.format('%.0f', level)}, left
    end
  end
  hit[key] = limit
end
if refused then return refused end
for key, level in pairs(levels) do
  local value = string.format('%.0f %.0f', level, now)
  redis.call('SET', key, value, 'PX', math.ceil(level / hit[key] / 1000))
end
return allowed
"""


class RedisLimiter(RateLimiter):
    """Counts all attempts of a hit in one call, by the server's own clock.

    While the server is gone, another limiter decides for this process alone.
    """

    def __init__(self, run: Run, alone: RateLimiter) -> None:
        self._run = run
        self._alone = alone

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        keys = [_key(attempt) for attempt in attempts]
        numbers = [
            number
            for attempt in attempts
            for number in (attempt.rate.limit, attempt.rate.period_seconds * MICRO)
        ]
        try:
            said: tuple[int, int, bytes] = await self._run(HIT, keys, numbers)
        except UnavailableError:
            return await self._alone.hit(attempts)
        is_allowed, place, level = said
        return _verdict(attempts[place - 1].rate, int(level), is_allowed=bool(is_allowed))


def _key(attempt: Attempt) -> str:
    # A rate that was changed is another one: processes may differ while an installation restarts.
    rate = attempt.rate
    return f"{RATE}:{rate.name}:{rate.limit}:{rate.period_seconds}:{attempt.subject}"


def _verdict(rate: Rate, level: int, *, is_allowed: bool) -> Verdict:
    period, per_second = rate.period_seconds * MICRO, rate.limit * MICRO
    room = period * (rate.limit - 1) - level
    after = level + period if is_allowed else level
    return Verdict(
        is_allowed=is_allowed,
        rate=rate,
        remaining=max(room, 0) // period,
        retry_after=max(-room, 0) / per_second,
        reset_after=after / per_second,
    )
