"""Every foreign key and every list has an index, and searches use theirs."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing.companies import Company, a_company
from tests.database import Database
from tests.integration.postgres.waiting import until

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

Read = Callable[[TicketFilter, Slice], Awaitable[None]]


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def companies(storage: Storage) -> list[Company]:
    """Return several organizations."""
    return [await a_company(storage) for _ in range(3)]


@pytest.fixture
async def many_tickets(companies: list[Company], superuser: asyncpg.Connection) -> None:
    """Give all organizations many tickets."""
    for company in companies:
        await superuser.execute(MANY_TICKETS, company.organization.id)
    await superuser.execute(MANY_COMMENTS)
    await superuser.execute("ANALYZE")


@pytest.fixture
def read(database: Database, companies: list[Company]) -> Read:
    """Return what lists tickets on connections that end: then they tell what they used."""

    async def read_page(wanted: TicketFilter, part: Slice) -> None:
        async with (
            PostgresStorage.open(database.url) as storage,
            storage.transaction(companies[0].who) as transaction,
        ):
            await transaction.tickets.page(wanted, part)

    return read_page


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
        "ix_runs_keeps_events",
        "ix_approvals_expires_at",
        "ix_approvals_decided_at",
        "ix_idempotency_keys_created_at",
        "ix_refresh_tokens_expires_at",
        "ix_webhook_deliveries_created_at",
        "ix_tool_calls_created_at",
        "uq_channel_connections_account",
        "ix_channel_connections_integration_id",
        "ix_channel_connections_lease_until",
        "ix_agents_checked_at",
        "ix_agent_tasks_due",
        "ix_tickets_search",
        "ix_tickets_tags",
        "ix_ticket_comments_search",
        "ix_file_passages_search",
    }


@pytest.mark.parametrize(
    ("wanted", "sort", "index"),
    [
        (TicketFilter(), "-created_at", "ix_tickets_created_at"),
        (TicketFilter(), "updated_at", "ix_tickets_updated_at"),
        (TicketFilter(category="access"), "-created_at", "ix_tickets_category"),
        (TicketFilter(requester_email="c@example.com"), "-created_at", "ix_tickets_requester"),
        (TicketFilter(tag="tag7"), "-created_at", "ix_tickets_tags"),
        (TicketFilter(query="printer 77"), None, "ix_tickets_search"),
        (TicketFilter(query="printer 77"), None, "ix_ticket_comments_search"),
    ],
)
@pytest.mark.usefixtures("many_tickets")
async def test_a_list_of_many_tickets_uses_its_index(
    superuser: asyncpg.Connection,
    read: Read,
    wanted: TicketFilter,
    sort: str | None,
    index: str,
) -> None:
    before = await superuser.fetchval(SCANS, index)
    await read(wanted, Slice(limit=20, sort=sort))

    async def is_counted() -> bool:
        return await superuser.fetchval(SCANS, index) > before

    await until(is_counted)
