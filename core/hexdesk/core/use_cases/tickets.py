"""Tickets: opening, finding, changing, moving, assigning and removing them."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, InvalidError, NotFoundError
from hexdesk.core.model.identity import Email
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import AgentRun, Member, Principal, person_behind
from hexdesk.core.model.tickets import (
    Category,
    Description,
    Priority,
    Tags,
    Ticket,
    TicketFilter,
    TicketStats,
    TicketStatus,
    Title,
)
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, own_email, require, sees_ticket, visible
from hexdesk.core.policy.tickets import moved
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox

TicketRef = UUID | int


class NewTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ticket is made from."""

    title: Title
    description: Description = ""
    priority: Priority = Priority.NORMAL
    category: Category | None = None
    tags: Tags = ()
    requester_email: Email | None = None


class TicketChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of a ticket; what is absent stays."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    category: Category | None | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    requester_email: Email | None | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWriter:
    """Stores what has become of a ticket, and has it told."""

    clock: Clock
    outbox: Outbox

    async def store(self, tx: Transaction, who: Principal, before: Ticket, after: Ticket) -> Ticket:
        """Return the ticket in its next version, or as it was if nothing has changed."""
        if after == before:
            return before
        after = replace(after, version=before.version + 1, updated_at=self.clock.now())
        await tx.tickets.update(after)
        await self.outbox.tell(tx, who, _what_changed(before, after), after)
        return after


def _what_changed(before: Ticket, after: Ticket) -> EventType:
    if after.status is not before.status:
        return EventType.TICKET_STATUS_CHANGED
    if after.assignee_id != before.assignee_id:
        return EventType.TICKET_ASSIGNED
    return EventType.TICKET_UPDATED


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTicket:
    """Open a ticket."""

    storage: Storage
    clock: Clock
    outbox: Outbox

    async def __call__(self, who: Principal, wish: NewTicket) -> Ticket:
        """Return the ticket with its number.

        One that an agent opens says so and belongs to the run's thread; a customer's is the
        customer's own, whatever the request says.
        """
        require(who, Right.CREATE_TICKETS)
        now = self.clock.now()
        person = person_behind(who)
        email = own_email(who)
        ticket = Ticket(
            id=self.clock.new_id(),
            number=0,
            organization_id=who.organization_id,
            **msgspec.structs.asdict(wish),
            created_by_id=person.user_id if isinstance(person, Member) else None,
            source="agent" if isinstance(who, AgentRun) else "api",
            thread_id=who.thread_id if isinstance(who, AgentRun) else None,
            created_at=now,
            updated_at=now,
        )
        if email is not None:
            ticket = replace(ticket, requester_email=email or None)
        async with self.storage.transaction(who) as tx:
            ticket = await tx.tickets.add(ticket)
            await self.outbox.tell(tx, who, EventType.TICKET_CREATED, ticket)
        return ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTicket:
    """Show one ticket."""

    storage: Storage

    async def __call__(self, who: Principal, ref: TicketRef) -> Ticket:
        """Return the ticket."""
        async with self.storage.transaction(who) as tx:
            return await visible_ticket(tx, who, ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTickets:
    """Find tickets."""

    storage: Storage

    async def __call__(self, who: Principal, wanted: TicketFilter, part: Slice) -> Page[Ticket]:
        """Return a part of those that exist for the caller; a search's best first."""
        require(who, Right.READ_TICKETS)
        check_sort(Ticket, part.sort)
        async with self.storage.transaction(who) as tx:
            return await tx.tickets.page(visible(who, wanted), part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTicket:
    """Change what a ticket says."""

    storage: Storage
    writer: TicketWriter

    async def __call__(
        self, who: Principal, ref: TicketRef, change: TicketChange, *, version: int | None = None
    ) -> Ticket:
        """Return the ticket; raise `ConflictError` if it is not in the version named."""
        require(who, Right.CHANGE_TICKETS)
        async with self.storage.transaction(who) as tx:
            before = await visible_ticket(tx, who, ref, lock=True)
            if version not in (None, before.version):
                message = f"the ticket is in version {before.version}, not {version}: read it again"
                raise ConflictError(message)
            return await self.writer.store(tx, who, before, replace(before, **given(change)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTicket:
    """Change how far a ticket is."""

    storage: Storage
    writer: TicketWriter

    async def __call__(self, who: Principal, ref: TicketRef, status: TicketStatus) -> Ticket:
        """Return the ticket; raise `ConflictError` with what is allowed for another step."""
        require(who, Right.CHANGE_TICKETS)
        async with self.storage.transaction(who) as tx:
            before = await visible_ticket(tx, who, ref, lock=True)
            after = moved(before, status, self.writer.clock.now())
            return await self.writer.store(tx, who, before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTicket:
    """Give a ticket to a member, or to nobody."""

    storage: Storage
    writer: TicketWriter

    async def __call__(self, who: Principal, ref: TicketRef, assignee_id: UUID | None) -> Ticket:
        """Return the ticket; raise `InvalidError` for somebody outside the organization."""
        require(who, Right.CHANGE_TICKETS)
        async with self.storage.transaction(who) as tx:
            before = await visible_ticket(tx, who, ref, lock=True)
            if assignee_id is not None:
                try:
                    await tx.users.get(assignee_id)
                except NotFoundError as error:
                    message = "names no member of the organization"
                    raise InvalidError(message, pointer="/assignee_id") from error
            after = replace(before, assignee_id=assignee_id)
            return await self.writer.store(tx, who, before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTicket:
    """Remove a ticket for good."""

    storage: Storage
    auditor: Auditor
    outbox: Outbox

    async def __call__(self, who: Principal, ref: TicketRef) -> Ticket:
        """Return what the ticket was."""
        require(who, Right.DELETE_TICKETS)
        async with self.storage.transaction(who) as tx:
            ticket = await visible_ticket(tx, who, ref, lock=True)
            await tx.tickets.remove(ticket.id)
            await self.auditor.note(
                tx, who, "ticket.removed", target=("ticket", ticket.id), number=ticket.number
            )
            await self.outbox.tell(tx, who, EventType.TICKET_DELETED, ticket)
        return ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTickets:
    """Show the organization's tickets in numbers."""

    storage: Storage
    clock: Clock

    async def __call__(self, who: Principal) -> TicketStats:
        """Return the numbers as of now; they are not for customers."""
        require(who, Right.CHANGE_TICKETS)
        async with self.storage.transaction(who) as tx:
            return await tx.tickets.stats(self.clock.now())


async def visible_ticket(
    tx: Transaction, who: Principal, ref: TicketRef, *, lock: bool = False
) -> Ticket:
    """Return the ticket if it exists for the principal, else raise `NotFoundError`."""
    require(who, Right.READ_TICKETS)
    ticket = await tx.tickets.get(ref, lock=lock)
    if not sees_ticket(who, ticket):
        raise NotFoundError(f"no ticket {ref}")
    return ticket
