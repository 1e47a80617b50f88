"""What the storage does when the database is lost, silent or out of reach."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.errors import (
    NotFoundError,
    StorageUnavailableError,
)
from hexdesk.core.testing.companies import a_company
from tests.database import Database
from tests.integration.postgres.gate import Gate
from tests.integration.postgres.single import ONE, add_integration, integrations_in
from tests.integration.postgres.waiting import until

CUT_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hexdesk_app'"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-") as folder:
        yield Path(folder)


async def cut_connections(database: Database) -> None:
    """Have the server end all of the application's connections."""
    superuser = await asyncpg.connect(database.superuser_url)
    await superuser.execute(CUT_ALL)
    await superuser.close()


async def test_a_transaction_whose_connection_is_lost_fails_and_the_next_one_works(
    database: Database, single: PostgresStorage
) -> None:
    company = await a_company(single)
    with pytest.raises(StorageUnavailableError):
        async with company.transaction() as transaction:
            await add_integration(transaction)
            await cut_connections(database)
            await add_integration(transaction)
    assert await integrations_in(company) == 0


async def test_a_connection_lost_while_nobody_used_it_is_replaced(
    database: Database, single: PostgresStorage
) -> None:
    company = await a_company(single)
    await cut_connections(database)
    with suppress(StorageUnavailableError):  # the loss may be news to the pool
        await single.ping()
    assert await integrations_in(company) == 0


async def test_a_storage_out_of_reach_says_so_until_it_is_back(
    database: Database, folder: Path
) -> None:
    async with (
        Gate.before(database, folder) as gate,
        PostgresStorage.open(gate.url, ONE) as storage,
    ):
        company = await a_company(storage)
        await gate.close()
        for _ in range(3):
            with pytest.raises(StorageUnavailableError):
                async with company.transaction():
                    pass
            with pytest.raises(StorageUnavailableError):
                await storage.directory.user_by_email("ada@example.com")
            with pytest.raises(StorageUnavailableError):
                await storage.ping()
        await gate.open()
        await storage.ping()
        assert await integrations_in(company) == 0


async def test_a_storage_that_cannot_be_reached_does_not_open(folder: Path) -> None:
    with pytest.raises(StorageUnavailableError):
        async with PostgresStorage.open(f"postgresql://hexdesk_app@/hexdesk?host={folder}"):
            pass


async def test_a_database_that_does_not_answer_is_out_of_reach(
    database: Database, folder: Path
) -> None:
    async with (
        Gate.before(database, folder) as gate,
        PostgresStorage.open(gate.url, replace(ONE, min_size=0)) as storage,
    ):
        gate.is_mute = True
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            await storage.ping()


async def test_a_connection_that_cannot_be_cleaned_is_cut(database: Database, folder: Path) -> None:
    async with (
        Gate.before(database, folder) as gate,
        PostgresStorage.open(gate.url, ONE) as storage,
    ):
        company = await a_company(storage)
        with pytest.raises(NotFoundError):
            async with company.transaction() as transaction:
                await add_integration(transaction)
                gate.is_mute = True
                raise NotFoundError("on purpose")
        gate.is_mute = False
        assert await integrations_in(company) == 0


async def test_a_commit_whose_outcome_is_unknown_is_no_success(
    database: Database, folder: Path
) -> None:
    async with (
        Gate.before(database, folder) as gate,
        PostgresStorage.open(gate.url, ONE) as storage,
    ):
        company = await a_company(storage)
        with pytest.raises(StorageUnavailableError):
            async with company.transaction() as transaction:
                await add_integration(transaction)
                gate.cut_before_the_answer_to(b"COMMIT")

        async def is_stored() -> bool:
            return await integrations_in(company) == 1

        await until(is_stored)  # the words came through, and the storage goes on
