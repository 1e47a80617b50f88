"""No statement reaches another organization, also one that forgets to say whose rows it means."""

import re
import sqlite3
from collections.abc import AsyncGenerator
from importlib.resources import files
from pathlib import Path

import pytest

from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company, added
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.connections import Connections, Patience
from hexdesk_sqlite.opening import connect
from hexdesk_sqlite.storage import SqliteStorage

OUTSIDE = {"backlog.py", "directory.py", "opening.py", "schema.py"}
"""What looks through all organizations, and says so."""


@pytest.fixture
async def theirs(storage: SqliteStorage) -> Company:
    """Return an organization with a ticket."""
    theirs = await a_company(storage)
    await added(theirs, examples.a_ticket(theirs.organization.id))
    return theirs


@pytest.fixture
async def bound(
    file: Path, storage: SqliteStorage, theirs: Company
) -> AsyncGenerator[BoundConnection]:
    """Return a connection that is bound to another organization."""
    ours = await a_company(storage)
    async with (
        Connections.open(file, Patience()) as connections,
        connections.transaction(ours.organization.id) as bound,
    ):
        yield bound


@pytest.mark.parametrize("table", ["tickets", "users", "organizations", "ticket_counters"])
async def test_only_the_rows_of_the_organization_are_seen(
    bound: BoundConnection, table: str
) -> None:
    everybodys = await bound.value(f"SELECT count(*) FROM main.{table}")  # noqa: S608  our own names
    seen = await bound.value(f"SELECT count(*) FROM {table}")  # noqa: S608  our own names
    assert seen < everybodys


async def test_a_statement_that_names_no_organization_changes_nothing_of_others(
    bound: BoundConnection, theirs: Company
) -> None:
    assert await bound.change("UPDATE main.tickets SET title = 'ours'") == 0
    assert await bound.change("DELETE FROM main.tickets") == 0
    assert await bound.value("SELECT count(*) FROM main.tickets WHERE title <> 'ours'") == 1


async def test_nothing_is_added_to_another_organization(
    bound: BoundConnection, theirs: Company
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="not of this organization"):
        await bound.change(
            "INSERT INTO main.ticket_counters (organization_id, last_number) VALUES (?1, 9)",
            theirs.organization.id,
        )


def test_every_table_of_an_organization_is_fenced_off(file: Path) -> None:
    connection = connect(file, busy_seconds=1)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM pragma_table_list")}
        named = {
            name
            for name in tables
            if name not in {"failed_sign_ins", "organizations"}
            and not name.startswith("sqlite_")
            and "_words" not in name
        }
        owned = {
            name
            for name in named
            if connection.execute(
                "SELECT 1 FROM pragma_table_info(?1) WHERE name = 'organization_id'", (name,)
            ).fetchone()
        }
    finally:
        connection.close()
    assert named == owned


def test_statements_read_past_the_fence_only_where_they_must() -> None:
    past = re.compile(r"(?:FROM|JOIN) main\.(\w+)")
    removed = re.compile(r"DELETE FROM main\.\w+")
    reads: set[str] = set()
    for source in files("hexdesk_sqlite").iterdir():
        if source.name.endswith(".py") and source.name not in OUTSIDE:
            reads |= set(past.findall(removed.sub("", source.read_text())))
    # The indexes of words, which are joined to what shows; rows that are forgotten, by their number
    # and organization; and the question for a sign of life, which finds nothing.
    words = {"ticket_words", "comment_words", "passage_words"}
    assert reads == {*words, "tool_calls", "idempotency_keys", "organizations"}
