"""The desk's tickets, for the code of plugins."""

from dataclasses import dataclass

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tickets import Comment, Ticket, TicketFilter
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.comments import AddComment, NewComment
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.tickets import (
    ChangeTicket,
    CreateTicket,
    GetTicket,
    ListTickets,
    NewTicket,
    TicketChange,
    TicketRef,
    TicketWriter,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAccess:
    """What somebody may do with tickets; all of it raises `ForbiddenError` for what they may not.

    A ticket is named by its id or its number, and `NotFoundError` is raised for one that is not
    there for them.
    """

    who: Principal
    storage: Storage
    clock: Clock
    outbox: Outbox

    async def create(self, wish: NewTicket) -> Ticket:
        """Open a ticket and return it with its number."""
        create = CreateTicket(storage=self.storage, clock=self.clock, outbox=self.outbox)
        return await create(self.who, wish)

    async def get(self, ref: TicketRef) -> Ticket:
        """Return a ticket."""
        return await GetTicket(storage=self.storage)(self.who, ref)

    async def find(self, wanted: TicketFilter, part: Slice | None = None) -> Page[Ticket]:
        """Return a part of the tickets that fit, by default the first 50."""
        return await ListTickets(storage=self.storage)(self.who, wanted, part or Slice())

    async def change(self, ref: TicketRef, change: TicketChange) -> Ticket:
        """Change a ticket and return it; what is absent stays."""
        writer = TicketWriter(clock=self.clock, outbox=self.outbox)
        return await ChangeTicket(storage=self.storage, writer=writer)(self.who, ref, change)

    async def comment(self, ref: TicketRef, comment: NewComment) -> Comment:
        """Remark something on a ticket and return the remark."""
        add = AddComment(storage=self.storage, clock=self.clock, outbox=self.outbox)
        return await add(self.who, ref, comment)
