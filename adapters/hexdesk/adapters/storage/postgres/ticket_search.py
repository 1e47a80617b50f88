"""Which tickets are wanted, and which of them answer a query best."""

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.record_table import RecordTable
from hexdesk.core.model.listing import MAX_TOTAL, Page, Slice
from hexdesk.core.model.tickets import Ticket, TicketFilter

MOST_RANKED = 1000


def wanted_tickets(wanted: TicketFilter) -> Conditions:
    """Say in SQL which tickets are wanted."""
    conditions = Conditions()
    if wanted.query is not None:
        conditions.add(
            "id = ANY (ARRAY(SELECT search_tickets({}, {})))",
            wanted.query,
            _with_internal(wanted),
        )
    # Through a function, since a row-level policy keeps the index on tags from being used.
    conditions.add_known("id = ANY (ARRAY(SELECT tagged_tickets({})))", wanted.tag)
    conditions.add_known("status = {}", wanted.status)
    conditions.add_known("priority = {}", wanted.priority)
    conditions.add_known("category = {}", wanted.category)
    conditions.add_known("assignee_id = {}", wanted.assignee_id)
    conditions.add_known("requester = lower({})", wanted.requester_email)
    conditions.add_known("created_at >= {}", wanted.created_from)
    conditions.add_known("created_at <= {}", wanted.created_to)
    return conditions


async def ranked_page(
    bound: BoundConnection,
    tickets: RecordTable[Ticket],
    conditions: Conditions,
    wanted: TicketFilter,
    part: Slice,
) -> Page[Ticket]:
    """Return a part of the tickets that are wanted, best first; the newest are ranked."""
    query = conditions.place(wanted.query)
    with_internal = conditions.place(_with_internal(wanted))
    statement = f"""
        WITH matched AS MATERIALIZED (
            SELECT id, created_at FROM tickets{conditions}
            ORDER BY created_at DESC, id DESC LIMIT {MAX_TOTAL + 1}
        ), asked AS MATERIALIZED (
            SELECT websearch_to_tsquery('english', {query}) AS query
        ), ranked AS MATERIALIZED (
            SELECT t.id, ts_rank(t.search, query) + coalesce(
                (
                    SELECT max(ts_rank(c.search, query)) FROM ticket_comments AS c
                    WHERE c.ticket_id = t.id AND c.search @@ query
                        AND ({with_internal} OR NOT c.internal)
                ), 0) AS rank
            FROM asked, (SELECT id FROM matched LIMIT {MOST_RANKED}) AS newest
            JOIN tickets AS t USING (id)
        ), best AS MATERIALIZED (
            SELECT id, created_at, rank FROM matched LEFT JOIN ranked USING (id)
            ORDER BY rank DESC NULLS LAST, created_at DESC, id DESC
            LIMIT {conditions.place(part.limit)} OFFSET {conditions.place(part.offset)}
        )
        SELECT {tickets.listed_as("t")}, (SELECT count(*) FROM matched) AS total
        FROM best RIGHT JOIN (SELECT) AS always ON true LEFT JOIN tickets AS t USING (id)
        ORDER BY best.rank DESC NULLS LAST, best.created_at DESC, best.id DESC
    """  # noqa: S608  names of columns and places of values
    rows = await bound.rows(statement, *conditions.values)
    return tickets.page_of([row for row in rows if row["id"] is not None], rows[0]["total"], part)


def _with_internal(wanted: TicketFilter) -> bool:
    """Tell whether the staff's internal remarks may lead to a ticket.

    Who is shown one requester's tickets only may be that customer, and must not learn from what
    a search finds which words the staff uses among themselves.
    """
    return wanted.requester_email is None
