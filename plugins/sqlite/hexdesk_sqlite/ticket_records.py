"""Tickets and comments, in SQLite."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
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
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable
from hexdesk_sqlite.ticket_search import ranked_page, wanted_tickets

TICKETS = RecordTable(Ticket, "tickets", called="ticket")
COMMENTS = RecordTable(Comment, "ticket_comments", called="comment")
LARGEST_NUMBER = 2**63 - 1

_given = [name for name in TICKETS.written if name != "number"]
# One writes at a time, so that numbers have no gaps.
COUNT = f"""
    UPDATE main.ticket_counters SET last_number = last_number + 1 WHERE {OURS}
    RETURNING last_number
"""  # noqa: S608  words of ours
ADD = f"""
    INSERT INTO main.tickets ({", ".join(_given)}, number)
    VALUES ({", ".join(f"?{place}" for place, _ in enumerate((*_given, "number"), 1))})
"""  # noqa: S608  names of columns
_version = f"?{TICKETS.changed.index('version') + 2}"
UPDATE = f"{TICKETS.update_of(*TICKETS.changed)} AND id = ?1 AND version = {_version} - 1"
STATS = """
    SELECT status, priority, count(*) AS tickets,
        count(*) FILTER (WHERE assignee_id IS NULL) AS unassigned,
        count(*) FILTER (WHERE created_at >= ?1 AND created_at < ?2) AS created_today,
        count(*) FILTER (WHERE resolved_at >= ?1 AND resolved_at < ?2) AS resolved_today,
        count(resolved_at) AS resolved,
        coalesce(sum(resolved_at - created_at), 0) / 1000000.0 AS seconds
    FROM tickets GROUP BY status, priority
"""


@dataclass(slots=True)
class SqliteTickets(Tickets):
    """The tickets of a transaction's organization."""

    bound: BoundConnection

    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        if isinstance(ticket, int) and not 0 < ticket <= LARGEST_NUMBER:
            raise TICKETS.not_found(ticket)
        where = "id = ?1" if isinstance(ticket, UUID) else "number = ?1"
        found = await TICKETS.find(self.bound, where, ticket, lock=lock)
        if found is None:
            raise TICKETS.not_found(ticket)
        return found

    async def page(self, wanted: TicketFilter, part: Slice) -> Page[Ticket]:
        conditions = wanted_tickets(wanted)
        if wanted.query is not None and part.sort is None:
            return await ranked_page(self.bound, TICKETS, conditions, wanted, part)
        return await TICKETS.page(self.bound, part, conditions)

    async def add(self, ticket: Ticket) -> Ticket:
        number = await self.bound.value(COUNT)
        await self.bound.change(ADD, *TICKETS.values_of(ticket, _given), number)
        return replace(ticket, number=number)

    async def update(self, ticket: Ticket) -> None:
        if not await self.bound.change(UPDATE, *TICKETS.changed_values(ticket)):
            await self.get(ticket.id)  # one that is not there is another matter
            raise ConflictError(f"ticket {ticket.number} has been changed in the meantime")

    async def remove(self, ticket_id: UUID) -> None:
        await TICKETS.remove(self.bound, ticket_id)

    async def stats(self, now: datetime) -> TicketStats:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        rows = await self.bound.rows(STATS, midnight, midnight + timedelta(days=1))
        by_status, by_priority = dict.fromkeys(TicketStatus, 0), dict.fromkeys(Priority, 0)
        for row in rows:
            by_status[TicketStatus(row["status"])] += row["tickets"]
            by_priority[Priority(row["priority"])] += row["tickets"]
        resolved = sum(row["resolved"] for row in rows)
        seconds = sum(row["seconds"] for row in rows)
        return TicketStats(
            total=sum(by_status.values()),
            by_status=by_status,
            by_priority=by_priority,
            unassigned=sum(row["unassigned"] for row in rows),
            created_today=sum(row["created_today"] for row in rows),
            resolved_today=sum(row["resolved_today"] for row in rows),
            average_resolution_seconds=seconds / resolved if resolved else None,
        )


@dataclass(slots=True)
class SqliteComments(Comments):
    """The comments of a transaction's organization."""

    bound: BoundConnection

    async def add(self, comment: Comment) -> None:
        await COMMENTS.add(self.bound, comment)

    async def page(self, ticket_id: UUID, part: Slice) -> Page[Comment]:
        wanted = Conditions()
        wanted.add("ticket_id = {}", ticket_id)
        return await COMMENTS.page(self.bound, part, wanted)
