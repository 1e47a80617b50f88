"""What has expired is removed in batches, and nobody waits for it."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.use_cases.expiry import ForgetExpired
from tests.database import Database

BEFORE = examples.NOON
SINCE = KeptSince(
    events=BEFORE, answers=BEFORE, refresh_tokens=BEFORE, tool_calls=BEFORE, deliveries=BEFORE
)
MANY_ANSWERS = """
    INSERT INTO idempotency_keys (
        organization_id, caller, method, path, key, body_hash, headers, body, created_at
    )
    SELECT $1, 'somebody', 'POST', '/', n::text, '', '{}', '', timestamptz '2020-01-01'
    FROM generate_series(1, 1500) AS n
"""
MANY_TOKENS = """
    WITH session AS (
        INSERT INTO sessions (organization_id, id, user_id, created_at)
        VALUES ($1, gen_random_uuid(), $2, timestamptz '2020-01-01') RETURNING id
    )
    INSERT INTO refresh_tokens (
        organization_id, id, session_id, token_hash, created_at, expires_at
    )
    SELECT $1, gen_random_uuid(), session.id, uuid_send(gen_random_uuid()),
        timestamptz '2020-01-01', timestamptz '2020-01-01'
    FROM session, generate_series(1, 1500)
"""
MANY_CALLS = """
    INSERT INTO tool_calls (organization_id, run_id, call_id, tool, created_at)
    SELECT $1, gen_random_uuid(), 'call-1', 'get_ticket', timestamptz '2020-01-01'
    FROM generate_series(1, 1500)
"""
MANY_RUNS = """
    WITH agent AS (
        INSERT INTO agents (organization_id, id, configuration, is_active, status,
            created_at, updated_at)
        VALUES ($1, gen_random_uuid(), '{}', true, 'ok', now(), now()) RETURNING id
    ), thread AS (
        INSERT INTO threads (organization_id, id, agent_id, channel, status, metadata,
            created_at, updated_at)
        SELECT $1, gen_random_uuid(), id, 'api', 'active', '{}', now(), now() FROM agent
        RETURNING id, agent_id
    ), run AS (
        INSERT INTO runs (organization_id, id, thread_id, agent_id, user_message_id, principal,
            settings, status, lease_token, lease_until, created_at)
        SELECT $1, gen_random_uuid(), thread.id, agent_id, gen_random_uuid(), '{}',
            '{}', 'completed', gen_random_uuid(), now(), timestamptz '2020-01-01'
        FROM thread, generate_series(1, 150) RETURNING id
    )
    INSERT INTO run_events (organization_id, run_id, id, type, data)
    SELECT $1, run.id, n, 'text.delta', '' FROM run, generate_series(1, 3) AS n
"""
LEFT = """
    SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM refresh_tokens),
        (SELECT count(*) FROM sessions), (SELECT count(*) FROM run_events),
        (SELECT count(*) FROM tool_calls)
"""


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def company(storage: Storage, superuser: asyncpg.Connection) -> Company:
    """Return an organization with more of what has expired than goes at once."""
    company = await a_company(storage)
    await superuser.execute(MANY_ANSWERS, company.organization.id)
    await superuser.execute(MANY_TOKENS, company.organization.id, company.admin.id)
    await superuser.execute(MANY_RUNS, company.organization.id)
    await superuser.execute(MANY_CALLS, company.organization.id)
    return company


async def forget(transaction: Transaction) -> tuple[int, int, int, int]:
    """Forget a batch of each kind."""
    return (
        await transaction.idempotency_keys.forget(BEFORE),
        await transaction.refresh_tokens.forget(BEFORE),
        await transaction.event_log.forget(BEFORE),
        await transaction.tool_calls.forget(BEFORE),
    )


async def test_what_has_expired_goes_in_batches(
    company: Company, superuser: asyncpg.Connection
) -> None:
    forgotten: list[tuple[int, int, int, int]] = []
    for _ in range(3):
        async with company.transaction() as transaction:
            forgotten.append(await forget(transaction))
    assert forgotten == [(1000, 1000, 100, 1000), (500, 500, 50, 500), (0, 0, 0, 0)]
    [left] = await superuser.fetch(LEFT)
    assert tuple(left) == (0, 0, 0, 0, 0)


async def test_all_that_has_expired_goes_in_the_end(
    storage: Storage, company: Company, superuser: asyncpg.Connection
) -> None:
    forget = ForgetExpired(storage=storage, clock=SystemClock(), settings=DeskSettings())
    assert company.organization.id in await storage.backlog.organizations_with_expired(SINCE, 9)
    assert await forget() == 1500 + 1500 + 150 + 1500
    [left] = await superuser.fetch(LEFT)
    assert tuple(left) == (0, 0, 0, 0, 0)
    assert await storage.backlog.organizations_with_expired(SINCE, 9) == []


async def test_two_that_forget_at_once_do_not_wait_for_each_other(
    company: Company, superuser: asyncpg.Connection
) -> None:
    async with company.transaction() as first:
        assert await forget(first) == (1000, 1000, 100, 1000)
        async with company.transaction() as second:
            assert await forget(second) == (500, 500, 50, 500)
    [left] = await superuser.fetch(LEFT)
    # The session had a token left in the eyes of either: one row that costs nothing.
    assert tuple(left) == (0, 0, 1, 0, 0)


async def test_an_answer_that_is_being_replaced_is_not_waited_for(company: Company) -> None:
    key = examples.an_idempotency_key(caller="somebody", method="POST", path="/", key="1")
    async with company.transaction() as writer:
        assert await writer.idempotency_keys.keep(key, examples.a_kept_answer(), BEFORE)
        async with company.transaction() as forgetter:
            assert await forgetter.idempotency_keys.forget(BEFORE) == 1000
        async with company.transaction() as forgetter:
            assert await forgetter.idempotency_keys.forget(BEFORE) == 499
    async with company.transaction() as transaction:
        assert await transaction.idempotency_keys.find(key, BEFORE) is not None
