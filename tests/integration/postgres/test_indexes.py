"""Every foreign key and every list has an index, and searches use theirs."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing.companies import Company, a_company
from tests.database import Database

BARE_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text AS name, conname FROM pg_constraint AS c
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = c.conrelid AND indpred IS NULL
            AND (indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey
    )
"""
# Through all organizations: what is unique in the installation, and what has no order.
NOT_LED_BY_ORGANIZATION = """
    SELECT i.relname FROM pg_index AS x
    JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_class AS t ON t.oid = x.indrelid
    WHERE t.relnamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = x.indrelid AND attnum = x.indkey[0] AND attname = 'organization_id'
    )
"""
SCANS = "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname = $1"
MANY_TICKETS = """
    INSERT INTO tickets (
        organization_id, id, number, title, description, status, priority, tags, source, version,
        created_at, updated_at
    )
    SELECT $1, gen_random_uuid(), 1000 + n, 'Printer ' || n, repeat('words of no account ', 20),
        'open', 'normal', ARRAY['tag' || n % 100], 'api', 1,
        timestamptz '2026-01-01' + n * interval '1 second', now()
    FROM generate_series(1, 3000) AS n
"""
MANY_COMMENTS = """
    INSERT INTO ticket_comments (
        organization_id, id, ticket_id, author_type, body, internal, created_at
    )
    SELECT organization_id, gen_random_uuid(), id, 'user', 'Remark on ' || title, false, now()
    FROM tickets
"""


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def busy_companies(storage: Storage, superuser: asyncpg.Connection) -> list[Company]:
    """Return organizations with many tickets."""
    companies = [await a_company(storage) for _ in range(3)]
    for company in companies:
        await superuser.execute(MANY_TICKETS, company.organization.id)
    await superuser.execute(MANY_COMMENTS)
    await superuser.execute("ANALYZE")
    return companies


async def test_every_foreign_key_has_an_index(superuser: asyncpg.Connection) -> None:
    found = {row["name"]: row["conname"] for row in await superuser.fetch(BARE_FOREIGN_KEYS)}
    assert found == {}


async def test_every_index_begins_with_the_organization_or_is_known(
    superuser: asyncpg.Connection,
) -> None:
    assert {row[0] for row in await superuser.fetch(NOT_LED_BY_ORGANIZATION)} == {
        "hexdesk_alembic_pkc",
        "pk_organizations",
        "uq_organizations_slug",
        "uq_users_email",
        "uq_refresh_tokens_token_hash",
        "uq_api_keys_key_hash",
        "pk_failed_sign_ins",
        "ix_failed_sign_ins_created_at",
        "ix_runs_lease_until",
        "ix_tickets_search",
        "ix_tickets_tags",
        "ix_ticket_comments_search",
    }


@pytest.mark.parametrize(
    ("wanted", "part", "index"),
    [
        (TicketFilter(), Slice(limit=20), "ix_tickets_created_at"),
        (TicketFilter(), Slice(limit=20, sort="updated_at"), "ix_tickets_updated_at"),
        (TicketFilter(category="access"), Slice(limit=20), "ix_tickets_category"),
        (TicketFilter(requester_email="c@example.com"), Slice(limit=20), "ix_tickets_requester"),
        (TicketFilter(tag="tag7"), Slice(limit=20), "ix_tickets_tags"),
        (TicketFilter(query="printer 77"), Slice(limit=20, sort=None), "ix_tickets_search"),
        (TicketFilter(query="printer 77"), Slice(limit=20, sort=None), "ix_ticket_comments_search"),
    ],
)
async def test_a_list_of_many_tickets_uses_its_index(
    database: Database,
    superuser: asyncpg.Connection,
    busy_companies: list[Company],
    wanted: TicketFilter,
    part: Slice,
    index: str,
) -> None:
    before = await superuser.fetchval(SCANS, index)
    async with PostgresStorage.open(database.url) as storage:
        async with storage.transaction(busy_companies[0].who) as transaction:
            await transaction.tickets.page(wanted, part)
    async with asyncio.timeout(20):
        # A connection says what it did when it ends.
        while await superuser.fetchval(SCANS, index) == before:
            await asyncio.sleep(0.01)
