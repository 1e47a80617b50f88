"""Rate limits."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from hexdesk.core.model.limits import Attempt, Rate, Verdict

__all__ = ["Attempt", "Rate", "RateLimiter", "Verdict"]


class RateLimiter(Protocol):
    """Counts attempts by GCRA: a steady rate with a burst of the whole limit."""

    @abstractmethod
    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        """Count all of the attempts, or none if one of them is over its limit.

        `attempts` is not empty. Never raises: a limiter whose store is gone decides alone.
        """
