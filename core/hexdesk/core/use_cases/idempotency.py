"""Idempotency keys: a request that was answered once is not carried out again."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hexdesk.core.errors import IdempotencyMismatchError
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction
from hexdesk.core.use_cases.joined import JoinedStorage


@dataclass(kw_only=True)
class OnceStorage(Storage):
    """A storage for one request with a key: all its transactions are one, and the answer is in it.

    The transaction opens when the request first needs it. `keep` commits it together with the
    answer; of two requests with one key at once, the second finds out there, and is undone.
    """

    storage: Storage
    clock: Clock
    settings: DeskSettings
    who: Principal
    key: IdempotencyKey
    _joined: JoinedStorage | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def directory(self) -> Directory:
        """Look-ups outside of any organization, as ever."""
        return self.storage.directory

    @property
    def backlog(self) -> Backlog:
        """What waits in any organization, as ever."""
        return self.storage.backlog

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        """Join the request's transaction."""
        if self._joined is None:
            tx = await self._stack.enter_async_context(self.storage.transaction(self.who))
            self._joined = JoinedStorage(self.storage, tx, self.who)
        async with self._joined.transaction(who) as tx:
            yield tx

    async def find(self) -> KeptAnswer | None:
        """Return the first answer to the key, or None.

        Raise `IdempotencyMismatchError` if the key came with another body before.
        """
        return await self._find(self.since)

    async def keep(self, answer: KeptAnswer) -> KeptAnswer | None:
        """Commit the request's effects with its answer.

        Return None, or the first answer if there is one already: then the effects are undone.
        """
        since = self.since
        async with self.transaction(self.who) as tx:
            is_first = await tx.idempotency_keys.keep(self.key, answer, since)
        if not is_first:
            await self.undo()
            return await self._find(since)
        await self._leave().aclose()
        return None

    async def undo(self) -> None:
        """Undo the request's effects, so that an answer of another kind can be kept."""
        await self._leave().__aexit__(_UndoneError, _UndoneError(), None)

    def _leave(self) -> AsyncExitStack:
        stack, self._stack = self._stack, AsyncExitStack()
        self._joined = None
        return stack

    @property
    def since(self) -> datetime:
        """Answers older than this do not count any more."""
        return self.clock.now() - timedelta(seconds=self.settings.idempotency_seconds)

    async def _find(self, since: datetime) -> KeptAnswer | None:
        async with self.storage.transaction(self.who) as tx:
            kept = await tx.idempotency_keys.find(self.key, since)
        if kept and kept.body_hash != self.key.body_hash:
            message = "the idempotency key was used with another body"
            raise IdempotencyMismatchError(message)
        return kept


class _UndoneError(Exception):
    """Rolls a transaction back without a trace."""
