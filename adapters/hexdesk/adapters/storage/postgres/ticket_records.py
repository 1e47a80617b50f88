"""Tickets and comments, in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.record_table import RecordTable
from hexdesk.adapters.storage.postgres.tables import CommentRow, TicketRow
from hexdesk.core.errors import ConflictError
from hexdesk.core.model.listing import MAX_TOTAL, Page, Slice
from hexdesk.core.model.tickets import (
    Comment,
    Priority,
    Ticket,
    TicketFilter,
    TicketStats,
    TicketStatus,
)
from hexdesk.core.ports.desk_records import Comments, Tickets

TICKETS = RecordTable(Ticket, TicketRow, called="ticket")
COMMENTS = RecordTable(Comment, CommentRow, called="comment")
LARGEST_NUMBER = 2**63 - 1
MOST_RANKED = 1000

# The counter's row stays locked until the transaction ends, so that numbers have no gaps.
ADD = f"""
    WITH counted AS (UPDATE ticket_counters SET last_number = last_number + 1 RETURNING last_number)
    {TICKETS.insert.replace("VALUES (", "SELECT ").removesuffix(")")} FROM counted
    RETURNING number
"""
_version = f"${TICKETS.changed.index('version') + 2}"
UPDATE = f"{TICKETS.update_of(*TICKETS.changed)} WHERE id = $1 AND version = {_version} - 1"
STATS = """
    SELECT status, priority, count(*) AS tickets,
        count(*) FILTER (WHERE assignee_id IS NULL) AS unassigned,
        count(*) FILTER (WHERE created_at >= $1 AND created_at < $2) AS created_today,
        count(*) FILTER (WHERE resolved_at >= $1 AND resolved_at < $2) AS resolved_today,
        count(resolved_at) AS resolved,
        coalesce(sum(extract(epoch FROM resolved_at - created_at)), 0)::float8 AS seconds
    FROM tickets GROUP BY status, priority
"""
