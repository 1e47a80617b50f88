"""Whoever has no webhook pays next to nothing for those who have."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from tests.database import Database
from tests.integration.postgres.waiting import until

SCANS = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'ix_integrations_webhooks'"
MANY_OTHERS = """
    INSERT INTO integrations (
        organization_id, id, type, name, status, is_active, config, created_at
    )
    SELECT $1, gen_random_uuid(), 'mcp', 'server ' || n, 'ok', true, '{}', now()
    FROM generate_series(1, 3000) AS n
"""


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def company(storage: Storage, superuser: asyncpg.Connection) -> Company:
    """Return an organization that has connected many systems, and none of them a webhook."""
    company = await a_company(storage)
    await superuser.execute(MANY_OTHERS, company.organization.id)
    await superuser.execute("ANALYZE integrations")
    return company


async def test_webhooks_are_looked_for_in_an_index_of_their_own(
    database: Database, company: Company, superuser: asyncpg.Connection
) -> None:
    before = await superuser.fetchval(SCANS)
    # On a connection that ends: then it tells what it used.
    async with (
        PostgresStorage.open(database.url) as storage,
        storage.transaction(company.who) as tx,
    ):
        assert list(await tx.deliveries.receivers()) == []

    async def is_counted() -> bool:
        return await superuser.fetchval(SCANS) > before

    await until(is_counted)


async def test_a_webhook_is_changed_while_others_are_told_of(
    storage: Storage, company: Company
) -> None:
    hook = examples.an_integration()
    async with storage.transaction(company.who) as tx:
        await tx.integrations.add(hook)
    async with storage.transaction(company.who) as telling:
        assert len(await telling.deliveries.receivers()) == 1
        # A lock that kept it from being changed would make all who chat wait for each other.
        async with storage.transaction(company.who) as changing:
            present = await changing.integrations.get(hook.id, lock=True)
            await changing.integrations.update(present)
        async with storage.transaction(company.who) as other:
            assert len(await other.deliveries.receivers()) == 1
