"""Tools for tickets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from hexdesk.core.model.listing import MAX_LIMIT, MAX_OFFSET, Page, Slice
from hexdesk.core.model.tickets import (
    Category,
    Priority,
    Tag,
    Ticket,
    TicketFilter,
    TicketStats,
    TicketStatus,
)
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import ToolContext
from hexdesk.core.tools.tool import tool
from hexdesk.core.use_cases.drafts import Draft, DraftedTicket, NewTicketFromText, create_drafted
from hexdesk.core.use_cases.tickets import (
    AssignTicket,
    ChangeTicket,
    CountTickets,
    CreateTicket,
    GetTicket,
    ListTickets,
    MoveTicket,
    NewTicket,
    RemoveTicket,
    TicketChange,
    TicketWriter,
)

NEWEST_FIRST = "-created_at"
NUMBER = r"#?[0-9]{1,18}"
ID = r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
TicketId = Annotated[
    Annotated[int, Meta(ge=1, le=10**18)] | Annotated[str, Meta(pattern=f"^({NUMBER}|{ID})$")],
    Meta(description="The ticket's number (12 or #12) or its id."),
]
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many at most.")]
Offset = Annotated[int, Meta(ge=0, le=MAX_OFFSET, description="How many to leave out first.")]
Moment = Annotated[datetime, Meta(tz=True)]
Sort = Annotated[
    str,
    Meta(
        max_length=50,
        description="A field of the tickets, with - in front for descending.",
        examples=["-updated_at"],
    ),
]


class OneTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ticket."""

    ticket_id: TicketId


class UpdateTicket(TicketChange, frozen=True, kw_only=True):
    """Which ticket, and what changes of it."""

    ticket_id: TicketId


class TicketMove(OneTicket, frozen=True, kw_only=True):
    """Which ticket, and what it becomes."""

    status: TicketStatus


class Assignment(OneTicket, frozen=True, kw_only=True):
    """Which ticket, and whose it is to be; null for nobody's."""

    assignee_id: UUID | None


class TicketList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tickets."""

    status: TicketStatus | None = None
    priority: Priority | None = None
    category: Category | None = None
    tag: Tag | None = None
    assignee_id: UUID | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    sort: Sort | None = None
    limit: Limit = 20
    offset: Offset = 0


class TicketSearch(TicketList, frozen=True, kw_only=True):
    """Which tickets, by words in their title, description and comments."""

    query: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"[^\s\x1c-\x1f\x85]")]


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No arguments."""


class RemovedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """Which ticket was removed."""

    id: UUID
    number: int
    deleted: bool = True


@tool(Right.CREATE_TICKETS, in_transaction=True)
async def create_ticket(context: ToolContext, arguments: NewTicket) -> Ticket:
    """Open a support ticket.

    Use it when the person asks for one, or reports a problem that the staff must look into. Give
    a short title, and every known fact as the description.
    """
    return await _create(context)(context.who, arguments)


async def draft(context: ToolContext, arguments: NewTicketFromText) -> Draft:
    """Draw a ticket from a text, before the transaction that opens it."""
    return await context.needs.draft_ticket(context.who, arguments.text)


@tool(Right.CREATE_TICKETS, prepare=draft, in_transaction=True)
async def create_ticket_with_ai(context: ToolContext, arguments: Draft) -> DraftedTicket:
    """Open a support ticket from a person's own words.

    Title, priority, category and tags are drawn from the text.
    """
    return await create_drafted(_create(context), context.who, arguments)


@tool(Right.READ_TICKETS, read_only=True, in_transaction=True)
async def get_ticket(context: ToolContext, arguments: OneTicket) -> Ticket:
    """Read one ticket by its number or id."""
    return await GetTicket(storage=context.storage)(context.who, ref(arguments.ticket_id))


@tool(Right.CHANGE_TICKETS, in_transaction=True)
async def update_ticket(context: ToolContext, arguments: UpdateTicket) -> Ticket:
    """Change a ticket's title, description, priority, category, tags or requester.

    What is not given stays as it is. The status is changed by another tool.
    """
    fields = {name: getattr(arguments, name) for name in TicketChange.__struct_fields__}
    return await ChangeTicket(storage=context.storage, writer=_writer(context))(
        context.who, ref(arguments.ticket_id), TicketChange(**fields)
    )


@tool(Right.DELETE_TICKETS, destructive=True, in_transaction=True)
async def delete_ticket(context: ToolContext, arguments: OneTicket) -> RemovedTicket:
    """Remove a ticket for good. It cannot be had back; closing it is nearly always better."""
    needs = context.needs
    remove = RemoveTicket(storage=context.storage, auditor=needs.auditor, outbox=needs.outbox)
    ticket = await remove(context.who, ref(arguments.ticket_id))
    return RemovedTicket(id=ticket.id, number=ticket.number)


@tool(Right.CHANGE_TICKETS, in_transaction=True)
async def update_ticket_status(context: ToolContext, arguments: TicketMove) -> Ticket:
    """Change how far a ticket is: open, in_progress, waiting, resolved or closed."""
    return await MoveTicket(storage=context.storage, writer=_writer(context))(
        context.who, ref(arguments.ticket_id), arguments.status
    )


@tool(Right.CHANGE_TICKETS, in_transaction=True)
async def assign_ticket(context: ToolContext, arguments: Assignment) -> Ticket:
    """Give a ticket to a member of the staff by the member's id, or to nobody with null."""
    return await AssignTicket(storage=context.storage, writer=_writer(context))(
        context.who, ref(arguments.ticket_id), arguments.assignee_id
    )


@tool(Right.READ_TICKETS, read_only=True, in_transaction=True)
async def search_tickets(context: ToolContext, arguments: TicketSearch) -> Page[Ticket]:
    """Find tickets by words in their title, description or comments, best matches first.

    A `sort` puts them in another order.
    """
    return await _find(context, arguments, query=arguments.query)


@tool(Right.READ_TICKETS, read_only=True, in_transaction=True)
async def list_tickets(context: ToolContext, arguments: TicketList) -> Page[Ticket]:
    """List tickets, newest first unless `sort` says otherwise.

    They can be filtered by status, priority, category, tag, assignee and time.
    """
    return await _find(context, arguments, query=None)


@tool(Right.CHANGE_TICKETS, read_only=True, in_transaction=True)
async def get_ticket_stats(context: ToolContext, arguments: Nothing) -> TicketStats:
    """Count the tickets: in all, by status and priority, today's, and how long resolving takes."""
    return await CountTickets(storage=context.storage, clock=context.needs.clock)(context.who)


def ref(ticket_id: int | str) -> UUID | int:
    """Return what a ticket is found by."""
    if isinstance(ticket_id, int):
        return ticket_id
    return UUID(ticket_id) if "-" in ticket_id else int(ticket_id.removeprefix("#"))


def _create(context: ToolContext) -> CreateTicket:
    needs = context.needs
    return CreateTicket(storage=context.storage, clock=needs.clock, outbox=needs.outbox)


def _writer(context: ToolContext) -> TicketWriter:
    return TicketWriter(clock=context.needs.clock, outbox=context.needs.outbox)


async def _find(context: ToolContext, wanted: TicketList, query: str | None) -> Page[Ticket]:
    tickets = TicketFilter(
        query=query,
        status=wanted.status,
        priority=wanted.priority,
        category=wanted.category,
        tag=wanted.tag,
        assignee_id=wanted.assignee_id,
        created_from=wanted.created_from,
        created_to=wanted.created_to,
    )
    sort = wanted.sort or (None if query else NEWEST_FIRST)
    part = Slice(limit=wanted.limit, offset=wanted.offset, sort=sort)
    return await ListTickets(storage=context.storage)(context.who, tickets, part)
