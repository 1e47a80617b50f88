"""A clock that a test moves by hand."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from hexdesk.core.ports.clock import Clock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When a steady clock starts, and when the values in `examples` were made."""

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_LOW_BITS = 62


class SteadyClock(Clock):
    """Stands still until `advance` is called; ids and secrets are the same in every run."""

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start
        self._passed = timedelta()
        self._ids = 0
        self._secrets = 0

    def now(self) -> datetime:
        return self._start + self._passed

    def elapsed(self) -> float:
        return self._passed.total_seconds()

    def new_id(self) -> UUID:
        self._ids += 1
        milliseconds = int(self.now().timestamp() * 1000)
        high, low = self._ids >> _LOW_BITS, self._ids & ((1 << _LOW_BITS) - 1)
        return UUID(int=milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low)

    def new_secret(self) -> str:
        self._secrets += 1
        # Hexadecimal digits are base64 digits too; an `A` can end 43 that stand for 256 bits.
        return sha256(f"secret {self._secrets}".encode()).hexdigest()[:42] + "A"

    def advance(self, seconds: float) -> None:
        """Let time pass; it never goes back."""
        if seconds < 0:
            raise ValueError(f"time does not go back, not by {seconds!r} seconds either")
        self._passed += timedelta(seconds=seconds)
