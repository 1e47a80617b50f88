"""Rate limits in memory: one that allows everything, and one that counts in whole numbers."""

from collections.abc import Sequence

from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter, Verdict

_MICRO = 1_000_000


class UnlimitedLimiter(RateLimiter):
    """Lets everything pass."""

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        rate = attempts[0].rate
        return Verdict(
            is_allowed=True, rate=rate, remaining=rate.limit, retry_after=0, reset_after=0
        )


class CountingLimiter(RateLimiter):
    """Counts in whole numbers, so that a test can expect exact ones; records what it allowed.

    A bucket holds microseconds times the limit: an attempt adds the rate's period, and in each
    microsecond the limit leaks out.
    """

    def __init__(self, clock: Clock) -> None:
        self.allowed: list[Attempt] = []
        self._clock = clock
        self._buckets: dict[Attempt, tuple[int, int]] = {}

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        now = round(self._clock.elapsed() * _MICRO)
        levels: dict[Attempt, int] = {}
        verdicts: list[Verdict] = []
        for attempt in attempts:
            level = levels.get(attempt, self._level(attempt, now))
            verdicts.append(_verdict(attempt.rate, level))
            levels[attempt] = level + _period(attempt.rate)
        closest = max(verdicts, key=lambda verdict: (verdict.retry_after, -_share_left(verdict)))
        if closest.is_allowed:
            self._buckets.update({attempt: (level, now) for attempt, level in levels.items()})
            self.allowed.extend(attempts)
        return closest

    def _level(self, attempt: Attempt, now: int) -> int:
        level, at = self._buckets.get(attempt, (0, now))
        return max(level - (now - at) * attempt.rate.limit, 0)


def _period(rate: Rate) -> int:
    return rate.period_seconds * _MICRO


def _share_left(verdict: Verdict) -> float:
    return verdict.remaining / verdict.rate.limit


def _verdict(rate: Rate, level: int) -> Verdict:
    room = _period(rate) * (rate.limit - 1) - level
    per_second = rate.limit * _MICRO
    return Verdict(
        is_allowed=room >= 0,
        rate=rate,
        remaining=max(room, 0) // _period(rate),
        retry_after=max(-room, 0) / per_second,
        reset_after=(level if room < 0 else level + _period(rate)) / per_second,
    )
