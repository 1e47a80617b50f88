"""Tickets and comments, in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from re import findall
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tickets import (
    Comment,
    Priority,
    Ticket,
    TicketFilter,
    TicketStats,
    TicketStatus,
)
from hexdesk.core.ports.desk_records import Comments, Tickets
from hexdesk.core.testing.memory_records import Draft, Records, cut, found, in_order, page_of


@dataclass(frozen=True)
class MemoryTickets(Tickets):
    """The tickets in a draft."""

    draft: Draft

    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        records = await self.draft.to_write() if lock else self.draft.records
        if isinstance(ticket, UUID):
            return found(records.tickets, ticket, "ticket")
        for stored in records.tickets.values():
            if stored.number == ticket:
                return stored
        raise NotFoundError(f"no ticket {ticket}")

    async def page(self, wanted: TicketFilter, part: Slice) -> Page[Ticket]:
        records = self.draft.records
        tickets = [ticket for ticket in records.tickets.values() if _fits(ticket, wanted)]
        if wanted.query is None:
            return page_of(tickets, part)
        # Who is shown one requester's tickets only may be that customer: what the staff remarks
        # among themselves must not show in what is found.
        with_internal = wanted.requester_email is None
        ranks = {
            ticket.id: _rank(
                ticket, _remarks(records, ticket, with_internal=with_internal), wanted.query
            )
            for ticket in tickets
        }
        tickets = [ticket for ticket in tickets if ranks[ticket.id]]
        if part.sort is not None:
            return page_of(tickets, part)
        newest_first = in_order(tickets, "-created_at")
        return cut(sorted(newest_first, key=lambda ticket: -ranks[ticket.id]), part)

    async def add(self, ticket: Ticket) -> Ticket:
        records = await self.draft.to_write()
        records.last_number += 1
        records.tickets[ticket.id] = replace(ticket, number=records.last_number)
        return records.tickets[ticket.id]

    async def update(self, ticket: Ticket) -> None:
        records = await self.draft.to_write()
        if found(records.tickets, ticket.id, "ticket").version != ticket.version - 1:
            raise ConflictError(f"ticket {ticket.number} has been changed in the meantime")
        records.tickets[ticket.id] = ticket

    async def remove(self, ticket_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.tickets, ticket_id, "ticket")
        del records.tickets[ticket_id]
        records.comments = {
            key: comment
            for key, comment in records.comments.items()
            if comment.ticket_id != ticket_id
        }

    async def stats(self, now: datetime) -> TicketStats:
        tickets = self.draft.records.tickets.values()
        statuses = Counter(ticket.status for ticket in tickets)
        priorities = Counter(ticket.priority for ticket in tickets)
        resolved = [
            (ticket.created_at, ticket.resolved_at) for ticket in tickets if ticket.resolved_at
        ]
        seconds = [(until - since).total_seconds() for since, until in resolved]
        today = now.date()
        return TicketStats(
            total=len(tickets),
            by_status={status: statuses[status] for status in TicketStatus},
            by_priority={priority: priorities[priority] for priority in Priority},
            unassigned=sum(ticket.assignee_id is None for ticket in tickets),
            created_today=sum(ticket.created_at.date() == today for ticket in tickets),
            resolved_today=sum(until.date() == today for _, until in resolved),
            average_resolution_seconds=sum(seconds) / len(seconds) if seconds else None,
        )


@dataclass(frozen=True)
class MemoryComments(Comments):
    """The comments in a draft."""

    draft: Draft

    async def add(self, comment: Comment) -> None:
        records = await self.draft.to_write()
        found(records.tickets, comment.ticket_id, "ticket")
        records.comments[comment.id] = comment

    async def page(self, ticket_id: UUID, part: Slice) -> Page[Comment]:
        return page_of(_comments_on(self.draft.records, ticket_id), part)


def _comments_on(records: Records, ticket_id: UUID) -> list[Comment]:
    return [comment for comment in records.comments.values() if comment.ticket_id == ticket_id]


def _fits(ticket: Ticket, wanted: TicketFilter) -> bool:
    exact = ("status", "priority", "category", "assignee_id")
    requester = (wanted.requester_email or "").lower()
    return (
        requester in ("", (ticket.requester_email or "").lower())
        and all(getattr(wanted, name) in (None, getattr(ticket, name)) for name in exact)
        and (wanted.tag is None or wanted.tag in ticket.tags)
        and (wanted.created_from is None or ticket.created_at >= wanted.created_from)
        and (wanted.created_to is None or ticket.created_at <= wanted.created_to)
    )


def _remarks(records: Records, ticket: Ticket, *, with_internal: bool) -> list[str]:
    comments = _comments_on(records, ticket.id)
    return [comment.body for comment in comments if with_internal or not comment.internal]


def _rank(ticket: Ticket, remarks: list[str], query: str) -> int:
    """Count how often the query's words are in the ticket; 0 if one of them is missing."""
    counts = Counter(_stems((ticket.title, ticket.description, *remarks)))
    hits = [counts[word] for word in _stems((query,))]
    return sum(hits) if hits and all(hits) else 0


def _stems(texts: Iterable[str]) -> list[str]:
    """Return the words of the texts, without the endings that a text search looks past."""
    words = (word for text in texts for word in findall(r"\w+", text.lower()))
    return [word.removesuffix("s").removesuffix("ed").removesuffix("ing") for word in words]
