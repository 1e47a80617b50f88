"""Time, identity and chance: what a pure core cannot make for itself."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Tells the time and hands out what must be unique or unguessable."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present time, aware, in UTC, whole microseconds."""

    @abstractmethod
    def elapsed(self) -> float:
        """Return seconds on a clock that never goes back, for durations only."""

    @abstractmethod
    def new_id(self) -> UUID:
        """Return a new UUIDv7 (RFC 9562); later ones sort after earlier ones."""

    @abstractmethod
    def new_secret(self) -> str:
        """Return 256 unguessable bits, URL-safe base64 without padding (43 characters)."""
