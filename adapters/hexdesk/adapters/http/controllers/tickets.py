"""Tickets and their comments."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.preconditions import IF_MATCH, expected_version, tagged
from hexdesk.adapters.http.queries import NEWEST_FIRST, ListQuery, Moment
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
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
from hexdesk.core.use_cases.drafts import DraftedTicket, NewTicketFromText, create_drafted
from hexdesk.core.use_cases.tickets import NewTicket, TicketChange

Words = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"[^\s\x1c-\x1f\x85]",
        description="Full text over title, description and comments; the best match comes first.",
        examples=["login fails"],
    ),
]


class TicketQuery(ListQuery, frozen=True, kw_only=True):
    """Which tickets."""

    query: Words | UnsetType = UNSET
    status: TicketStatus | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    tag: Tag | UnsetType = UNSET
    assignee_id: UUID | UnsetType = UNSET
    created_from: Moment | UnsetType = UNSET
    created_to: Moment | UnsetType = UNSET


class TicketMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ticket becomes."""

    status: TicketStatus


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose a ticket is to be; null for nobody's."""

    assignee_id: UUID | None


NEW_TICKET = NewTicket(
    title="Login fails", description="Since this morning, for everybody.", tags=("login",)
)
TEXT = NewTicketFromText(text="Nobody in my team can log in since this morning!")
ETAG = ("ETag",)


class TicketsController(Controller):
    """Tickets."""

    path = "/tickets"
    tags = ["Tickets"]

    @get(opt=call(Right.READ_TICKETS, query=TicketQuery))
    async def list_tickets(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[TicketQuery],
    ) -> Page[Ticket]:
        """List or search tickets.

        With `query` the best matches come first, else the newest; `sort` changes either. Ranking
        covers the newest 1,000 matches.
        """
        part = wanted.part(NEWEST_FIRST if wanted.query is UNSET else None)
        return await desk.tickets.list(who, wanted.filled(TicketFilter), part)

    @post(opt=call(Right.CREATE_TICKETS, once=Once.ANSWER, answer_headers=ETAG, example=NEW_TICKET))
    async def create_ticket(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewTicket],
    ) -> Response[Ticket]:
        """Open a ticket."""
        return tagged(await once.tickets.create(who, data))

    @post(
        "/ai-create",
        opt=call(
            Right.CREATE_TICKETS,
            once=Once.ANSWER,
            answer_headers=ETAG,
            example=TEXT,
            answers=DraftedTicket,
        ),
    )
    async def create_ticket_with_ai(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        once: NamedDependency[Desk],
        data: JSONBody[NewTicketFromText],
    ) -> Response[Ticket]:
        """Open a ticket from somebody's own words.

        The organization's model draws title, description, priority, category and tags from the
        text. If it cannot be had, the first line is the title, and the answer says `degraded`.
        """
        # No transaction is open while the model thinks.
        draft = await desk.tickets.draft(who, data.text)
        return tagged(await create_drafted(once.tickets.create, who, draft))

    @get("/stats/overview", opt=call(Right.READ_TICKETS))
    async def count_tickets(
        self, who: NamedDependency[Member], desk: NamedDependency[Desk]
    ) -> TicketStats:
        """Count the tickets."""
        return await desk.tickets.stats(who)

    @get("/{ticket_id:uuid}", opt=call(Right.READ_TICKETS, answer_headers=ETAG))
    async def get_ticket(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
    ) -> Response[Ticket]:
        """Show a ticket."""
        return tagged(await desk.tickets.get(who, ticket_id))

    @put(
        "/{ticket_id:uuid}",
        opt=call(
            Right.CHANGE_TICKETS,
            also=(409,),
            headers=(IF_MATCH,),
            answer_headers=ETAG,
            example=NEW_TICKET,
        ),
    )
    async def replace_ticket(
        self,
        request: Request[Any, Any, Any],
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
        data: JSONBody[NewTicket],
    ) -> Response[Ticket]:
        """Replace what a ticket says; what is missing gets its default."""
        change = TicketChange(**asdict(data))
        version = expected_version(request)
        return tagged(await desk.tickets.change(who, ticket_id, change, version=version))

    @delete("/{ticket_id:uuid}", opt=call(Right.DELETE_TICKETS))
    async def remove_ticket(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
    ) -> None:
        """Remove a ticket for good."""
        await desk.tickets.remove(who, ticket_id)

    @patch(
        "/{ticket_id:uuid}/status",
        opt=call(
            Right.CHANGE_TICKETS,
            also=(409,),
            answer_headers=ETAG,
            example=TicketMove(status=TicketStatus.RESOLVED),
        ),
    )
    async def move_ticket(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
        data: JSONBody[TicketMove],
    ) -> Response[Ticket]:
        """Change how far a ticket is; a step that is not allowed is 409 with those that are."""
        return tagged(await desk.tickets.move(who, ticket_id, data.status))

    @patch(
        "/{ticket_id:uuid}/assign",
        opt=call(Right.CHANGE_TICKETS, answer_headers=ETAG, example=Assignment(assignee_id=None)),
    )
    async def assign_ticket(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
        data: JSONBody[Assignment],
    ) -> Response[Ticket]:
        """Give a ticket to a member, or to nobody."""
        return tagged(await desk.tickets.assign(who, ticket_id, data.assignee_id))
