"""Values that can be had again, kept for a while."""

from abc import abstractmethod
from typing import Protocol


class Cache(Protocol):
    """Keeps bytes under a key; may forget anything at any time, never raises."""

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """Return what was put under the key and has not expired, or None."""

    @abstractmethod
    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        """Keep the value for so long."""

    @abstractmethod
    async def drop(self, key: str) -> None:
        """Forget the key, in every process."""
