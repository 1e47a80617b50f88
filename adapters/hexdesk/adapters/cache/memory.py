"""Values kept in this process for a while."""

import msgspec
from cachetools import TLRUCache

from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock

MAX_BYTES = 64 * 1024 * 1024
# What Python and the cache spend on an entry beside its key and value, roughly.
ENTRY_BYTES = 500


class _Entry(msgspec.Struct, frozen=True):
    value: bytes
    size: int
    ttl_seconds: float


class MemoryCache(Cache):
    """Forgets what is too old, and what was not asked for longest when space runs out."""

    def __init__(self, clock: Clock, *, max_bytes: int = MAX_BYTES) -> None:
        self._entries: TLRUCache[str, _Entry, float] = TLRUCache(
            max_bytes, _expiry, clock.elapsed, _size
        )

    async def get(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        entry = _Entry(value, len(key) + len(value) + ENTRY_BYTES, ttl_seconds)
        try:
            self._entries[key] = entry
        except ValueError:
            # Larger than the whole cache: an older value must not outlive it.
            await self.drop(key)

    async def drop(self, key: str) -> None:
        self._entries.pop(key, None)


def _expiry(_key: str, entry: _Entry, now: float) -> float:
    return now + entry.ttl_seconds


def _size(entry: _Entry) -> int:
    return entry.size
