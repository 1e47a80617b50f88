"""What the storage does when connections are few, or given up in the middle."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import anyio
import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.pool import PoolUse
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    StorageUnavailableError,
    UnavailableError,
)
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from tests.database import Database
from tests.integration.postgres.single import ONE, add_integration, integrations_in
from tests.integration.postgres.waiting import until


async def test_who_gets_no_connection_in_time_is_told_so(single: PostgresStorage) -> None:
    company = await a_company(single)
    async with company.transaction():
        with pytest.raises(UnavailableError, match="all database connections are in use") as caught:
            await a_company(single)
    assert not isinstance(caught.value, StorageUnavailableError)
    assert await integrations_in(company) == 0


async def test_the_pool_says_how_much_of_it_is_used(single: PostgresStorage) -> None:
    assert single.pool_use == PoolUse(size=1, idle=1, limit=1)
    async with single.transaction(examples.a_member(examples.a_user(examples.new_id()))):
        assert single.pool_use == PoolUse(size=1, idle=0, limit=1)


async def test_a_transaction_with_a_failed_statement_is_no_success(
    single: PostgresStorage,
) -> None:
    company = await a_company(single)
    with pytest.raises(ConflictError, match="nothing was stored"):
        async with company.transaction() as transaction:
            await add_integration(transaction)
            with suppress(NotFoundError):
                await transaction.comments.add(examples.a_comment(examples.new_id()))
    assert await integrations_in(company) == 0


@pytest.fixture
async def holder(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return somebody else's connection, to hold locks on."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


async def until_somebody_waits(holder: asyncpg.Connection) -> None:
    """Return when a statement waits for a lock."""

    async def waits() -> bool:
        return await holder.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")

    await until(waits)


@pytest.fixture
async def complaints() -> AsyncGenerator[list[str]]:
    """Return what the driver has to complain about to the event loop."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    yield complaints
    loop.set_exception_handler(before)


@pytest.mark.parametrize("is_busy", [True, False])
async def test_a_cancelled_transaction_leaves_a_clean_connection(
    single: PostgresStorage,
    holder: asyncpg.Connection,
    complaints: list[str],
    *,
    is_busy: bool,
) -> None:
    company = await a_company(single)
    await holder.execute("BEGIN; SELECT FROM organizations FOR NO KEY UPDATE")
    written = asyncio.Event()

    async def work() -> None:
        async with company.transaction() as transaction:
            await add_integration(transaction)
            written.set()
            if is_busy:
                await transaction.agents.lock()  # waits for the holder
            await asyncio.Event().wait()

    async with asyncio.timeout(20):
        task = asyncio.create_task(work())
        await written.wait()
        if is_busy:
            await until_somebody_waits(holder)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await integrations_in(company) == 0
    assert single.pool_use == PoolUse(size=1, idle=1, limit=1)
    assert complaints == []


async def test_a_scope_that_keeps_cancelling_leaves_a_clean_connection(
    single: PostgresStorage,
) -> None:
    company = await a_company(single)
    with anyio.CancelScope() as scope:
        async with company.transaction() as transaction:
            await add_integration(transaction)
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    async with asyncio.timeout(20):
        assert await integrations_in(company) == 0
    assert single.pool_use == PoolUse(size=1, idle=1, limit=1)


async def test_closing_waits_for_transactions_that_are_open(database: Database) -> None:
    written, go_on = asyncio.Event(), asyncio.Event()

    async def work(company: Company) -> None:
        async with company.transaction() as transaction:
            await add_integration(transaction)
            written.set()
            await go_on.wait()

    async with PostgresStorage.open(database.url) as storage:
        company = await a_company(storage)
        task = asyncio.create_task(work(company))
        await written.wait()
        asyncio.get_running_loop().call_soon(go_on.set)
    await task
    async with (
        PostgresStorage.open(database.url) as storage,
        storage.transaction(company.who) as transaction,
    ):
        assert (await transaction.integrations.page(examples.ALL)).total == 1


async def test_closing_does_not_wait_for_ever(database: Database) -> None:
    async with PostgresStorage.open(database.url, ONE) as storage:
        company = await a_company(storage)
        forgotten = company.transaction()
        transaction = await forgotten.__aenter__()
    with pytest.raises(StorageUnavailableError):
        await add_integration(transaction)
    with pytest.raises(StorageUnavailableError):
        await forgotten.__aexit__(None, None, None)


async def test_two_that_wait_for_each_other_are_told_apart(database: Database) -> None:
    async with PostgresStorage.open(database.url) as storage:
        company = await a_company(storage)
        async with company.transaction() as transaction:
            tickets = [
                await transaction.tickets.add(examples.a_ticket(company.organization.id))
                for _ in range(2)
            ]
        both_hold_one = asyncio.Barrier(2)

        async def lock(first: int, second: int) -> None:
            async with company.transaction() as transaction:
                await transaction.tickets.get(tickets[first].id, lock=True)
                await both_hold_one.wait()
                await transaction.tickets.get(tickets[second].id, lock=True)

        async with asyncio.timeout(20):
            ends = await asyncio.gather(lock(0, 1), lock(1, 0), return_exceptions=True)
        assert [type(end) for end in ends if end is not None] == [BusyError]
