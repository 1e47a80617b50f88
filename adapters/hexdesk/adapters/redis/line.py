"""A line to Redis or Valkey that gives up early, since all it carries can be done without."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import lru_cache
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from hexdesk.core.errors import UnavailableError

# Nobody waits longer than this, and only those who are the first to notice.
ANSWER_SECONDS = 0.2
AGAIN_SECONDS = 1.0
# A listener that hears nothing for so long asks whether the line still stands.
QUIET_SECONDS = 10.0
MOST_CONNECTIONS = 32

Word = str | bytes | int | float

log = logging.getLogger("hexdesk.redis")


class RedisLine:
    """Asks for as long as answers come; once one does not, everybody is told so at once.

    Nobody need be at the other end when it is made. It tries again by itself, about every second,
    by writing: a server that only reads is of no use. What went wrong is logged once, and so is
    that it works again.
    """

    def __init__(
        self,
        url: str,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        again_seconds: float = AGAIN_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._again_seconds = again_seconds
        self._quiet_seconds = quiet_seconds
        # Nothing is tried twice, and connections are waited for: the time of the whole counts.
        self._client = cast("Any", Redis)(
            connection_pool=cast("Any", BlockingConnectionPool).from_url(
                url,
                max_connections=MOST_CONNECTIONS,
                timeout=None,
                socket_timeout=None,
                socket_connect_timeout=None,
                retry=Retry(NoBackoff(), 0),
                # The older protocol has all we need, and no unasked notices between the answers.
                protocol=2,
            )
        )
        self._recovery: asyncio.Task[None] | None = None
        self._refusals: set[str] = set()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._recovery:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    @property
    def is_up(self) -> bool:
        """Whether the last that was asked was answered."""
        return self._recovery is None

    async def ask(self, *words: Word) -> Any:
        """Return the answer to a command, or raise `UnavailableError`."""
        if self._recovery:
            raise UnavailableError("Redis does not answer")
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await self._client.execute_command(*words)
        except NoScriptError:
            raise
        except (RedisError, OSError, TimeoutError) as error:
            self._lose(error)
            raise UnavailableError("Redis does not answer") from error

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """Return what a Lua script returns, or raise `UnavailableError`."""
        rest = (len(keys), *keys, *arguments)
        try:
            return await self.ask("EVALSHA", _name(script), *rest)
        except NoScriptError:
            # A server that was restarted has forgotten it; this makes it known again.
            return await self.ask("EVAL", script, *rest)

    async def check(self) -> None:
        """Raise `UnavailableError` unless the server takes what is written."""
        await self.ask(*_PROOF)

    async def hear(self, channel: str) -> AsyncGenerator[bytes | None]:
        """Yield what is said on a channel, for ever; None when something may have been missed."""
        while True:
            try:
                async with aclosing(self._hear(channel)) as heard:
                    async for said in heard:
                        yield said
            except (RedisError, OSError, TimeoutError) as error:
                # A server that hangs up is gone for those who ask, too: they need not find out.
                self._lose(error)
            await asyncio.sleep(self._again_seconds)

    async def _hear(self, channel: str) -> AsyncGenerator[bytes | None]:
        hearing = self._client.pubsub()
        try:
            async with asyncio.timeout(self._again_seconds):
                await hearing.subscribe(channel)
            is_doubted = False
            while True:
                heard = await hearing.get_message(timeout=self._quiet_seconds)
                if heard is None:
                    if is_doubted:
                        return
                    # Any answer proves that the line stands.
                    await hearing.ping()
                is_doubted = heard is None
                match heard:
                    case {"type": "subscribe"}:
                        yield None
                    case {"type": "message", "data": bytes(data)}:
                        yield data
                    case _:
                        pass
        finally:
            await hearing.aclose()

    def _lose(self, error: Exception) -> None:
        if isinstance(error, ResponseError):
            self._note_refusal(str(error))
        if self._recovery is None:
            self._recovery = asyncio.create_task(self._recover(error), name="redis recovery")

    async def _recover(self, error: Exception) -> None:
        """Return when the server answers: at once, if it was only late."""
        is_noted = False
        while not await self._answers():
            if not is_noted:
                log.warning("redis lost", extra={"reason": str(error) or type(error).__name__})
                is_noted = True
            await asyncio.sleep(self._again_seconds)
        if is_noted:
            log.warning("redis back")
        self._recovery = None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._again_seconds):
                await self._client.execute_command(*_PROOF)
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    def _note_refusal(self, message: str) -> None:
        """Log what the server will not do, once a kind: its first word says which."""
        kind = message.partition(" ")[0]
        if kind not in self._refusals:
            self._refusals.add(kind)
            log.warning("redis refused", extra={"reason": message})


_PROOF = ("SET", "hexdesk:proof", "1", "PX", 1000)


@lru_cache
def _name(script: str) -> str:
    """Return the name that a server gives a script; no secret hangs from it."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
