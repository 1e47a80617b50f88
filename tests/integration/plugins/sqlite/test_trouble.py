"""Files that cannot be used, connections that run out, and work that is broken off."""

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    InvalidError,
    StorageUnavailableError,
    UnavailableError,
)
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import a_company
from hexdesk_sqlite import hexdesk_storage_backends
from hexdesk_sqlite.backend import SqliteBackend
from hexdesk_sqlite.connections import Connections, Patience
from hexdesk_sqlite.schema import steps, upgrade
from hexdesk_sqlite.storage import SqliteStorage
from tests.integration.plugins.sqlite.conftest import IMPATIENT

BACKEND = SqliteBackend()
NEWEST = f"{steps()[-1][0]:04}"


def test_the_plugin_brings_one_kind_of_storage() -> None:
    [backend] = hexdesk_storage_backends()
    assert (backend.name, backend.schemes) == ("sqlite", {"sqlite"})
    assert any("one machine" in lack for lack in backend.lacks)
    assert any("row-level" in lack for lack in backend.lacks)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:",
        "sqlite:///",
        "sqlite://host/desk.sqlite",
        "sqlite:///a?mode=memory",
        "sqlite:///a#b",
    ],
)
async def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match="sqlite:///"):
        await BACKEND.upgrade(url)


async def test_a_file_is_made_and_can_then_be_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a%20folder/desk.sqlite"
    assert "hexdesk db upgrade" in (await BACKEND.problem(url) or "")
    assert await BACKEND.upgrade(url) == NEWEST
    assert await BACKEND.upgrade(url) == NEWEST
    assert await BACKEND.problem(url) is None
    async with BACKEND.open(url, connections=2) as opened:
        await opened.ping()
        assert await opened.keeps_vectors()
        assert opened.connections is not None
        assert (opened.connections().size, opened.connections().idle) == (1, 1)
    assert (tmp_path / "a folder" / "desk.sqlite").exists()


async def test_of_many_that_upgrade_a_file_at_once_each_finds_it_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/desk.sqlite"
    assert set(await asyncio.gather(*(BACKEND.upgrade(url) for _ in range(6)))) == {NEWEST}


async def test_a_schema_of_another_time_is_told(file: Path) -> None:
    url = f"sqlite:///{file}"
    for version, words in ((0, "is old"), (9999, "is newer")):
        connection = sqlite3.connect(file)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        assert words in (await BACKEND.problem(url) or "")
    with pytest.raises(InvalidError, match="newer"):
        await BACKEND.upgrade(url)


async def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada, " * 500)
    url = f"sqlite:///{letter}"
    assert "cannot be used" in (await BACKEND.problem(url) or "")
    with pytest.raises(InvalidError):
        await BACKEND.upgrade(url)
    assert letter.read_text() == "Dear Ada, " * 500


async def test_a_storage_opens_before_its_file_is_there(tmp_path: Path) -> None:
    file = tmp_path / "desk.sqlite"
    async with SqliteStorage.open(file, IMPATIENT) as storage:
        with pytest.raises(StorageUnavailableError):
            await storage.ping()
        assert not file.exists()
        upgrade(file)
        await storage.ping()


async def test_who_gets_no_connection_is_told_so(storage: SqliteStorage, file: Path) -> None:
    ours = await a_company(storage)
    async with ours.transaction(), ours.transaction(), ours.transaction():
        with pytest.raises(UnavailableError, match="in use"):
            await storage.ping()
    await storage.ping()


async def test_who_waits_too_long_for_another_one_to_write_is_told_so(
    storage: SqliteStorage,
) -> None:
    ours = await a_company(storage)
    async with ours.transaction() as first:
        await first.integrations.add(examples.an_integration())
        with pytest.raises(BusyError):
            async with ours.transaction() as second:
                await second.integrations.add(examples.an_integration())
    async with ours.transaction() as third:
        assert (await third.integrations.page(examples.ALL)).total == 1
        await third.integrations.add(examples.an_integration())


async def test_who_waits_too_long_for_another_process_is_told_so(
    storage: SqliteStorage, file: Path
) -> None:
    ours = await a_company(storage)
    other = sqlite3.connect(file, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError):
            async with ours.transaction() as transaction:
                await transaction.integrations.add(examples.an_integration())
        other.execute("ROLLBACK")
    finally:
        other.close()
    async with ours.transaction() as transaction:
        await transaction.integrations.add(examples.an_integration())


async def test_after_a_failed_statement_nothing_is_stored(storage: SqliteStorage) -> None:
    ours = await a_company(storage)
    integration = examples.an_integration()
    with pytest.raises(ConflictError, match="nothing was stored"):
        async with ours.transaction() as transaction:
            await transaction.integrations.add(integration)
            with suppress(ConflictError):
                await transaction.integrations.add(integration)
    async with ours.transaction() as transaction:
        assert (await transaction.integrations.page(examples.ALL)).total == 0


@pytest.mark.parametrize("title", ["a\0b", "\ud800"])
async def test_a_text_that_cannot_be_stored_is_refused(storage: SqliteStorage, title: str) -> None:
    ours = await a_company(storage)
    with pytest.raises(InvalidError):
        async with ours.transaction() as transaction:
            await transaction.tickets.add(examples.a_ticket(ours.organization.id, title=title))


async def test_a_number_that_is_too_large_is_refused(file: Path) -> None:
    async with Connections.open(file, Patience()) as connections:
        with pytest.raises(InvalidError):
            await connections.run("SELECT ?1", 2**63)


async def test_a_statement_whose_caller_has_gone_is_stopped(file: Path) -> None:
    endless = """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n
    """
    async with Connections.open(file, Patience(connections=1)) as connections:
        await connections.run("SELECT 1")
        running = asyncio.create_task(connections.run(endless))
        await asyncio.sleep(0)  # to where it waits for the statement
        assert connections.use.idle == 0
        async with asyncio.timeout(10):
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            assert [row[0] for row in await connections.run("SELECT 1")] == [1]
