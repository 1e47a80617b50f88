"""An older database comes to the present schema with all that it keeps."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from hexdesk.adapters.storage.postgres.checks import check_server
from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import MIGRATIONS, head_revision, migrate
from hexdesk.adapters.storage.postgres.roles import bootstrap
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.principals import System
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.testing import examples
from tests.database import Database

OLD_DESK = Path(__file__).with_name("desk_at_0001.sql")
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'hexdesk_alembic'
"""
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
"""
CONTENT = "SELECT {} FROM {} ORDER BY 1, 2"
MIGRATE = """
import sys
from hexdesk.adapters.storage.postgres.migrate import migrate
migrate(sys.argv[1])
"""
Content = dict[str, list[Any]]


@pytest.fixture
async def empty(postgres_server: EmbeddedPostgres) -> Database:
    """Return a database that no migration has seen."""
    database = Database(postgres_server, f"migrations-{uuid4()}")
    await bootstrap(postgres_server.url("postgres", SUPERUSER), database.name)
    return database


@pytest.fixture
async def old(empty: Database) -> Database:
    """Return a database at the first revision, in use."""
    await asyncio.to_thread(migrate, empty.owner_url, "0001")
    superuser = await asyncpg.connect(empty.superuser_url)
    await superuser.execute(OLD_DESK.read_text(encoding="utf-8"))
    await superuser.close()
    return empty


@pytest.fixture
async def superuser(old: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection to the old database that nothing is hidden from."""
    connection = await asyncpg.connect(old.superuser_url)
    yield connection
    await connection.close()


async def columns_of(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """Return the columns of each table."""
    tables = [row[0] for row in await connection.fetch(TABLES)]
    return {table: [row[0] for row in await connection.fetch(COLUMNS, table)] for table in tables}


async def content(connection: asyncpg.Connection, columns: dict[str, list[str]]) -> Content:
    """Return all that is in these columns."""
    return {
        table: await connection.fetch(CONTENT.format(", ".join(names), table))
        for table, names in columns.items()
    }


async def test_an_older_database_keeps_what_it_has(
    old: Database, superuser: asyncpg.Connection
) -> None:
    columns = await columns_of(superuser)
    before = await content(superuser, columns)
    assert [table for table, rows in before.items() if not rows] == []
    await asyncio.to_thread(migrate, old.owner_url)
    assert await content(superuser, columns) == before
    await check_server(old.url, head_revision())


@pytest.mark.usefixtures("superuser")
async def test_what_an_older_database_has_can_be_found(old: Database) -> None:
    await asyncio.to_thread(migrate, old.owner_url)
    async with PostgresStorage.open(old.url) as storage:
        found = await storage.directory.user_by_email(
            "ada-019b796dd60070008000000000000002@example.com"
        )
        assert found is not None
        desk = System(organization_id=found.organization_id)
        async with storage.transaction(desk) as transaction:
            wanted = TicketFilter(query="logins")
            page = await transaction.tickets.page(wanted, examples.BY_RANK)
            assert [ticket.number for ticket in page.data] == [1]
            added = await transaction.tickets.add(examples.a_ticket(found.organization_id))
            assert added.number == 2


async def test_a_data_migration_changes_the_rows_of_every_organization(old: Database) -> None:
    owner = await asyncpg.connect(old.owner_url)
    assert await owner.execute("UPDATE tickets SET source = 'web'") == "UPDATE 2"
    await owner.close()


async def test_two_processes_that_migrate_at_once_do_it_once(empty: Database) -> None:
    command = (sys.executable, "-c", MIGRATE, empty.owner_url)
    both = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
    async with asyncio.timeout(60):
        assert [await process.wait() for process in both] == [0, 0]
    await check_server(empty.url, head_revision())


async def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    superuser = await asyncpg.connect(empty.superuser_url)
    await superuser.execute(
        "CREATE FUNCTION tagged_tickets(tag text) RETURNS SETOF uuid "
        "LANGUAGE sql AS 'SELECT NULL::uuid'"
    )
    with pytest.raises(Exception, match="tagged_tickets"):
        await asyncio.to_thread(migrate, empty.owner_url)
    assert await superuser.fetch(TABLES) == []
    await superuser.close()


def test_the_newest_revision_is_the_one_alembic_would_go_to() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [head_revision()]


def test_revisions_are_numbers_of_one_length_in_a_row() -> None:
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z_]+\.py", name)] == []
