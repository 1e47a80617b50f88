"""Answers that waited in the journal, stored once storage is back."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, NotFoundError, ThreadTakenOverError
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.principals import System
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.storing import StoreAnswer, UnstoredAnswer, dropped

log = logging.getLogger("hexdesk.runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreAnswers:
    """Store the answers that wait in the journal, once storage is back."""

    storage: Storage
    journal: Journal
    store: StoreAnswer
    _unreadable: set[str] = field(default_factory=set[str])

    async def __call__(self) -> int:
        """Return how many were stored; those that still cannot be stay where they are.

        Raise `UnavailableError` if storage is still gone.

        An answer that a customer has been given comes before whatever another process makes of
        the same run meanwhile; a run that has another answer by now keeps that one.
        """
        restored = 0
        for name, entry in await self.journal.pending():
            answer = self._read(name, entry)
            if answer is None:
                continue
            try:
                restored += await self._restore(answer)
            except BusyError:
                continue
            await self.journal.remove(name)
        return restored

    def _read(self, name: str, entry: bytes) -> UnstoredAnswer | None:
        try:
            return msgspec.json.decode(entry, type=UnstoredAnswer)
        except msgspec.DecodeError as error:
            # Written by another version, perhaps: it stays, and keeps no other from being stored.
            if name not in self._unreadable:
                self._unreadable.add(name)
                log.error("answer not readable", extra={"entry": name, "reason": str(error)})
            return None

    async def _restore(self, answer: UnstoredAnswer) -> bool:
        try:
            return await self._stored(answer, self.store)
        except ThreadTakenOverError:
            # The customer has heard it, but the conversation is a person's by now.
            return await self._stored(dropped(answer), self.store.silently)

    async def _stored(
        self,
        answer: UnstoredAnswer,
        store: Callable[[Transaction, UnstoredAnswer], Awaitable[bool]],
    ) -> bool:
        who = System(organization_id=answer.organization_id)
        async with self.storage.transaction(who) as tx:
            try:
                present = await tx.runs.get(answer.run.id)
            except NotFoundError:
                return False
            run = replace(answer.run, lease_token=present.lease_token)
            if present.status is not RunStatus.RUNNING or not await store(
                tx, replace(answer, run=run)
            ):
                return False
            await tx.event_log.add(run.id, answer.events)
        return True
