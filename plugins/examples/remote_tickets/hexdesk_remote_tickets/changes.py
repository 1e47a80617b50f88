"""What a transaction has changed over there, and how that is taken back."""

import logging
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core import DeskError, Ticket
from hexdesk_remote_tickets.system import TicketSystem

log = logging.getLogger(__name__)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of one ticket.

    `before` is None if there was none, `etag` if there may be none any more.
    """

    before: Ticket | None
    etag: str | None = None


class Changes:
    """The changes of one transaction, by ticket: however many there were, one call undoes them."""

    def __init__(self, system: TicketSystem) -> None:
        self._system = system
        self._by_ticket: dict[UUID, Change] = {}

    def __bool__(self) -> bool:
        return bool(self._by_ticket)

    def added(self, ticket_id: UUID) -> None:
        """Note a ticket that may have been opened."""
        self._by_ticket[ticket_id] = Change(before=None)

    def changed(self, before: Ticket, etag: str | None) -> None:
        """Note a ticket that is another now, or that may have been removed."""
        first = self._by_ticket.get(before.id, Change(before=before))
        self._by_ticket[before.id] = replace(first, etag=etag)

    async def take_back(self) -> None:
        """Make everything as it was, as far as the system lets us, and nobody changed it since."""
        for ticket_id, change in self._by_ticket.items():
            try:
                await self._undo(ticket_id, change)
            except DeskError as error:
                data = {"ticket_id": str(ticket_id), "reason": str(error)}
                log.warning("ticket system keeps what the desk does not", extra=data)

    async def _undo(self, ticket_id: UUID, change: Change) -> None:
        if change.before is None:
            await self._system.remove(ticket_id)
        elif change.etag is None:
            await self._system.create(change.before)
        else:
            await self._system.change(change.before, change.etag)
