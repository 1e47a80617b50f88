"""Values kept in Redis or Valkey for a while, for all processes together."""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from hexdesk.core.errors import UnavailableError
from hexdesk.core.ports.cache import Cache

MAX_BYTES = 1024 * 1024
MOST_UNDROPPED = 10_000

Ask = Callable[..., Awaitable[Any]]


class RedisCache(Cache):
    """Keeps values where every process finds them; while the server is gone, nothing is kept.

    Processes of another version have a prefix of their own: what one writes, another may not
    understand. What could not be dropped is dropped before this process asks for anything again.
    """

    def __init__(self, ask: Ask, *, prefix: str, max_bytes: int = MAX_BYTES) -> None:
        self._ask = ask
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._undropped: OrderedDict[str, None] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        with suppress(UnavailableError):
            await self._catch_up()
            return await self._ask("GET", self._name(key))
        return None

    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        if len(value) > self._max_bytes:
            # An older value must not outlive it.
            await self.drop(key)
            return
        with suppress(UnavailableError):
            await self._catch_up()
            await self._ask("SET", self._name(key), value, "PX", math.ceil(ttl_seconds * 1000))

    async def drop(self, key: str) -> None:
        self._undropped[self._name(key)] = None
        if len(self._undropped) > MOST_UNDROPPED:
            self._undropped.popitem(last=False)
        with suppress(UnavailableError):
            await self._catch_up()

    async def _catch_up(self) -> None:
        if names := tuple(self._undropped):
            await self._ask("DEL", *names)
            for name in names:
                self._undropped.pop(name, None)

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{key}"
