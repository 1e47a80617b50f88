"""Rate limits of the API, and the headers that tell how they stand."""

import math
from dataclasses import dataclass

from hexdesk.adapters.http.exchange import Exchange
from hexdesk.core.model.limits import Attempt, Rate, Verdict
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.use_cases.sign_in import refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Counts requests."""

    limiter: RateLimiter

    async def count(self, exchange: Exchange, *counted: tuple[Rate | None, str]) -> None:
        """Count one request against rates; raise `RateLimitedError` if it is one too many.

        It counts against all of them or none, each with the subject whose rate it is.
        """
        attempts = [Attempt(rate, subject) for rate, subject in counted if rate]
        if not attempts:
            return
        verdict = await self.limiter.hit(attempts)
        exchange.verdict = verdict
        if not verdict.is_allowed:
            raise refusal(verdict)


def rate_headers(verdict: Verdict) -> dict[str, str]:
    """Return the headers that tell how a rate stands.

    Buckets leak steadily, so what remains is best spread over the whole period.
    """
    rate = verdict.rate
    seconds = rate.period_seconds if verdict.is_allowed else math.ceil(verdict.retry_after)
    return {
        "ratelimit-policy": policy_header(rate.name, rate.limit, rate.period_seconds),
        "ratelimit": f'"{rate.name}";r={verdict.remaining};t={max(1, seconds)}',
    }


def policy_header(name: str, limit: int, period_seconds: int) -> str:
    """Return how a rate is written: its name, quota and window."""
    return f'"{name}";q={limit};w={period_seconds}'
