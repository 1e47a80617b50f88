"""Which tickets are wanted, and which of them answer a query best."""

from hexdesk.core import Page, Slice, Ticket, TicketFilter
from hexdesk.core.model.listing import MAX_TOTAL
from hexdesk_sqlite.conditions import Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable
from hexdesk_sqlite.words import asked_of_tickets

MOST_RANKED = 1000
TITLE_WEIGHT = 2.5
# The index of words knows no organizations: what it finds is looked up among the ones that show.
_FOUND = """
    id IN (
        SELECT t.id FROM main.ticket_words AS w JOIN tickets AS t ON t.place = w.rowid
        WHERE w.ticket_words MATCH {0}
        UNION SELECT c.ticket_id FROM main.comment_words AS w
        JOIN ticket_comments AS c ON c.place = w.rowid
        WHERE w.comment_words MATCH {0} AND ({1} OR NOT c.internal)
    )
"""


def wanted_tickets(wanted: TicketFilter) -> Conditions:
    """Say in SQL which tickets are wanted."""
    conditions = Conditions()
    if wanted.query is not None:
        asked = asked_of_tickets(wanted.query)
        if asked is None:
            conditions.add("false")
        else:
            conditions.add(_FOUND, asked, _with_internal(wanted))
    conditions.add_known(
        "EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE tag.value = {})", wanted.tag
    )
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
    total = await tickets.count(bound, conditions)
    query = conditions.place(asked_of_tickets(wanted.query or ""))
    with_internal = conditions.place(_with_internal(wanted))
    # Counted in the organization's own texts alone: FTS5's bm25 weighs words by all that it knows.
    statement = f"""
        WITH matched AS MATERIALIZED (
            SELECT id, place, created_at FROM tickets{conditions}
            ORDER BY created_at DESC, id DESC LIMIT {MAX_TOTAL + 1}
        ), newest AS MATERIALIZED (
            SELECT id, place FROM matched LIMIT {MOST_RANKED}
        ), hits AS MATERIALIZED (
            SELECT n.id, {TITLE_WEIGHT} * {_hits("ticket_words", 0, "t.title")}
                + {_hits("ticket_words", 1, "t.description")} AS hits
            FROM main.ticket_words JOIN newest AS n ON n.place = ticket_words.rowid
            JOIN tickets AS t ON t.place = n.place
            WHERE ticket_words MATCH {query}
        ), remarks AS MATERIALIZED (
            SELECT c.ticket_id AS id, {_hits("comment_words", 0, "c.body")} AS hits
            FROM main.comment_words JOIN ticket_comments AS c ON c.place = comment_words.rowid
            WHERE comment_words MATCH {query} AND ({with_internal} OR NOT c.internal)
        ), ranked AS MATERIALIZED (
            SELECT n.id, coalesce((SELECT hits FROM hits WHERE hits.id = n.id), 0)
                + coalesce((SELECT max(hits) FROM remarks WHERE remarks.id = n.id), 0) AS rank
            FROM newest AS n
        )
        SELECT {tickets.listed_as("t")}
        FROM matched AS m LEFT JOIN ranked AS r ON r.id = m.id JOIN tickets AS t ON t.id = m.id
        ORDER BY r.rank DESC NULLS LAST, m.created_at DESC, m.id DESC
        LIMIT {conditions.place(part.limit)} OFFSET {conditions.place(part.offset)}
    """  # noqa: S608  names of columns and places of values
    return tickets.page_of(await bound.rows(statement, *conditions.values), total, part)


def _hits(index: str, column: int, text: str) -> str:
    """Say how often the words that are searched for stand in a text: FTS5 marks each of them."""
    return f"(length(highlight({index}, {column}, '', char(1))) - length({text}))"


def _with_internal(wanted: TicketFilter) -> bool:
    """Tell whether the staff's internal remarks may lead to a ticket.

    Who is shown one requester's tickets only may be that customer, and must not learn from what
    a search finds which words the staff uses among themselves.
    """
    return wanted.requester_email is None
