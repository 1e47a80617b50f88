"""A storage that keeps tickets over there, and leaves everything else to another storage."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2

from hexdesk.core import ConflictError, Principal, Storage, Transaction
from hexdesk.core.ports.storage import Backlog, Directory
from hexdesk_remote_tickets.changes import Changes
from hexdesk_remote_tickets.system import TicketSystem
from hexdesk_remote_tickets.tickets import RemoteTickets


class RemoteTicketStorage(Storage):
    """Another storage's transactions, with tickets of a company's own system."""

    def __init__(self, inner: Storage, http: httpx2.AsyncClient, *, seconds: float) -> None:
        self._inner = inner
        self._http = http
        self._seconds = seconds
        self._taking_back: set[asyncio.Task[None]] = set()

    @property
    def directory(self) -> Directory:
        return self._inner.directory

    @property
    def backlog(self) -> Backlog:
        return self._inner.backlog

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        system = TicketSystem(
            http=self._http, seconds=self._seconds, organization_id=who.organization_id
        )
        changes = Changes(system)
        is_committing = False
        try:
            async with self._inner.transaction(who) as transaction:
                transaction.tickets = RemoteTickets(
                    kept=transaction.tickets, system=system, changes=changes
                )
                yield transaction
                is_committing = True
        except BaseException as error:
            # A commit that nobody confirmed may have taken place. Then nothing is taken back: a
            # ticket too many over there does less harm than one that only the desk has.
            if not is_committing or isinstance(error, ConflictError):
                await self._take_back(changes)
            raise

    async def settled(self) -> None:
        """Wait until all that failed is taken back."""
        await asyncio.gather(*self._taking_back)

    async def _take_back(self, changes: Changes) -> None:
        if not changes:
            return
        # Also for whoever is cancelled, and cannot wait.
        task = asyncio.create_task(changes.take_back())
        self._taking_back.add(task)
        task.add_done_callback(self._taking_back.discard)
        await asyncio.shield(task)
