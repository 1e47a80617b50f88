"""Tickets whose truth is another system's, and that the desk keeps a row of to find them by."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hexdesk.core import (
    InvalidError,
    NotFoundError,
    Page,
    Slice,
    Ticket,
    TicketFilter,
    UnavailableError,
)
from hexdesk.core.model.tickets import TicketStats
from hexdesk.core.ports.desk_records import Tickets
from hexdesk_remote_tickets.changes import Changes
from hexdesk_remote_tickets.system import SystemTicket, TicketSystem


@dataclass(slots=True, kw_only=True)
class RemoteTickets(Tickets):
    """The tickets of a transaction's organization.

    Each change is made in the desk's own row first, which checks the version and holds the lock,
    and then over there; `changes` takes them back if the transaction fails.
    """

    kept: Tickets
    system: TicketSystem
    changes: Changes
    _seen: dict[UUID, tuple[Ticket, str]] = field(default_factory=dict[UUID, tuple[Ticket, str]])

    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        kept = await self.kept.get(ticket, lock=lock)
        there = (await self.system.find([kept.id]))[kept.id]
        if there is None:
            raise NotFoundError(f"no ticket {ticket}")
        if not there.fits(kept):
            if not lock:
                # What was just read over there may be older than a change that now holds the row.
                return await self.get(kept.id, lock=True)
            kept = await self._take_over(kept, there)
        self._seen[kept.id] = (kept, there.etag)
        return kept

    async def page(self, wanted: TicketFilter, part: Slice) -> Page[Ticket]:
        page = await self.kept.page(wanted, part)
        found = await self.system.find([one.id for one in page.data])
        stale = [one.id for one in page.data if not _is_as(found[one.id], one)]
        if not stale:
            return page
        await self._renew(stale)
        return await self.kept.page(wanted, part)

    async def add(self, ticket: Ticket) -> Ticket:
        stored = await self.kept.add(ticket)
        # First, since a call that fails may have been heard.
        self.changes.added(stored.id)
        self._seen[stored.id] = (stored, await self.system.create(stored))
        return stored

    async def update(self, ticket: Ticket) -> None:
        if ticket.id not in self._seen:
            await self.get(ticket.id, lock=True)
        before, etag = self._seen[ticket.id]
        await self.kept.update(ticket)
        changed = await self.system.change(ticket, etag)
        self.changes.changed(before, changed)
        self._seen[ticket.id] = (ticket, changed)

    async def remove(self, ticket_id: UUID) -> None:
        before = await self.kept.get(ticket_id, lock=True)
        await self.kept.remove(ticket_id)
        self.changes.changed(before, None)
        await self.system.remove(ticket_id)

    async def stats(self, now: datetime) -> TicketStats:
        return await self.kept.stats(now)

    async def _renew(self, ids: Sequence[UUID]) -> None:
        """Have the desk's rows say what the system says."""
        locked: list[Ticket] = []
        for ticket_id in sorted(ids):  # in one order, so that two lists do not wait for each other
            with suppress(NotFoundError):
                locked.append(await self.kept.get(ticket_id, lock=True))
        found = await self.system.find([one.id for one in locked])
        for kept in locked:
            there = found[kept.id]
            if there is None:
                await self.kept.remove(kept.id)
            elif not there.fits(kept):
                await self._take_over(kept, there)

    async def _take_over(self, kept: Ticket, there: SystemTicket) -> Ticket:
        renewed = there.onto(kept)
        try:
            await self.kept.update(renewed)
        except InvalidError as error:
            raise UnavailableError("the ticket system says what cannot be stored") from error
        return renewed


def _is_as(there: SystemTicket | None, kept: Ticket) -> bool:
    return there is not None and there.fits(kept)
