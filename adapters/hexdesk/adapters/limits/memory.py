"""Rate limits counted in this process."""

from collections.abc import Sequence
from heapq import nsmallest
from operator import itemgetter

from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter, Verdict

MAX_BUCKETS = 100_000
# Sums of fractions of a period may fall short of the period by some rounding.
ROUNDING = 1e-6

_Bucket = tuple[Rate, str]


class MemoryLimiter(RateLimiter):
    """Keeps one number per bucket: when the bucket will be full again (GCRA)."""

    def __init__(self, clock: Clock, *, max_buckets: int = MAX_BUCKETS) -> None:
        self._clock = clock
        self._max_buckets = max_buckets
        self._full_at: dict[_Bucket, float] = {}

    @property
    def buckets(self) -> int:
        """How many buckets are remembered."""
        return len(self._full_at)

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        # Nothing is awaited here, so no two tasks count at once.
        now = self._clock.elapsed()
        counted: dict[_Bucket, float] = {}
        allowed: list[Verdict] = []
        refused: list[Verdict] = []
        for attempt in attempts:
            rate, bucket = attempt.rate, (attempt.rate, attempt.subject)
            before = max(counted.get(bucket, self._full_at.get(bucket, now)), now)
            after = before + rate.period_seconds / rate.limit
            wait = after - rate.period_seconds - now
            if wait > ROUNDING:
                refused.append(_refusal(rate, wait, before - now))
            else:
                counted[bucket] = after
                allowed.append(_permission(rate, after - now))
        if refused:
            return max(refused, key=lambda verdict: verdict.retry_after)
        self._full_at.update(counted)
        if len(self._full_at) > self._max_buckets:
            self._forget(now)
        return min(allowed, key=lambda verdict: verdict.remaining / verdict.rate.limit)

    def _forget(self, now: float) -> None:
        self._full_at = {bucket: at for bucket, at in self._full_at.items() if at > now}
        if len(self._full_at) > self._max_buckets:
            # Somebody invents subjects. Those closest to full have the least to forget, and an
            # eighth at once keeps the search rare.
            count = len(self._full_at) - self._max_buckets * 7 // 8
            for bucket, _ in nsmallest(count, self._full_at.items(), key=itemgetter(1)):
                del self._full_at[bucket]


def _permission(rate: Rate, reset_after: float) -> Verdict:
    free = rate.period_seconds - reset_after
    remaining = int((free + ROUNDING) * rate.limit / rate.period_seconds)
    return Verdict(
        is_allowed=True, rate=rate, remaining=remaining, retry_after=0.0, reset_after=reset_after
    )


def _refusal(rate: Rate, retry_after: float, reset_after: float) -> Verdict:
    return Verdict(
        is_allowed=False, rate=rate, remaining=0, retry_after=retry_after, reset_after=reset_after
    )
