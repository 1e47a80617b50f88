"""A circuit breaker: what failed several times in a row is left alone for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after `most_failures` in a row; after `rest_seconds` one attempt may try again."""

    most_failures: int = 3
    rest_seconds: float = 10.0
    now: Callable[[], float] = monotonic
    _failures: int = 0
    _opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether an attempt would be in vain; the first one after the rest may be made."""
        if self._opened_at is None:
            return False
        if self.now() - self._opened_at < self.rest_seconds:
            return True
        self._opened_at = self.now()  # half open: others wait for how this one goes
        return False

    def succeeded(self) -> None:
        """Close it."""
        self._failures, self._opened_at = 0, None

    def failed(self) -> None:
        """Count a failure."""
        self._failures += 1
        if self._failures >= self.most_failures:
            self._opened_at = self.now()
