"""Presence kept in Redis or Valkey."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.presence import Presence

BEAT_SECONDS = 3.0
MISSED_SECONDS = 10.0
HERE = "hexdesk:here"

Run = Callable[[str, Sequence[str], Sequence[str | int]], Awaitable[Any]]

# Members are `kind id`, each with the server's time in milliseconds at which it is missed.
NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
BEAT = f"""{NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
LEAVE = "redis.call('ZREM', KEYS[1], ARGV[1])"
WHO = f"""{NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""


class RedisPresence(Presence):
    """Says every few seconds that this process is alive, and knows who has lately."""

    def __init__(self, run: Run, clock: Clock, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self._run = run
        self._clock = clock
        self._beat_seconds = beat_seconds

    @asynccontextmanager
    async def here(self, kind: ProcessKind) -> AsyncGenerator[None]:
        member = f"{kind} {self._clock.new_id()}"
        await self._say(member)
        beating = asyncio.create_task(self._beat(member), name=f"presence {kind}")
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            with suppress(UnavailableError):
                await self._run(LEAVE, [HERE], [member])

    async def counts(self) -> Mapping[ProcessKind, int]:
        members: list[bytes] = await self._run(WHO, [HERE], [])
        kinds = [member.partition(b" ")[0].decode() for member in members]
        return {kind: kinds.count(kind) for kind in ProcessKind}

    async def _beat(self, member: str) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            await self._say(member)

    async def _say(self, member: str) -> None:
        with suppress(UnavailableError):
            await self._run(BEAT, [HERE], [member, int(MISSED_SECONDS * 1000)])
