"""Every storage keeps the promises of its port."""

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.adapters.storage.postgres.pool import PoolSettings
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import MemoryStorage, SteadyClock
from hexdesk.core.testing.storage_contract import StorageContract
from hexdesk_sqlite.connections import Patience
from hexdesk_sqlite.schema import upgrade
from hexdesk_sqlite.storage import SqliteStorage
from tests.database import Database


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> Storage:
        # Long enough for everybody who will get a turn, short enough for whoever will not.
        return MemoryStorage(SteadyClock(), patience_seconds=0.5)


class TestPostgresStorage(StorageContract):
    @pytest.fixture
    async def storage(self, shared_database: Database) -> AsyncGenerator[Storage]:
        # The suite makes organizations of its own: emptying the database would only cost time.
        settings = PoolSettings(lock_seconds=2)  # as above
        async with PostgresStorage.open(shared_database.url, settings) as storage:
            yield storage


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "desk.sqlite"
    upgrade(file)
    return file


class TestSqliteStorage(StorageContract):
    @pytest.fixture
    async def storage(self, sqlite_file: Path) -> AsyncGenerator[Storage]:
        async with SqliteStorage.open(sqlite_file, Patience(lock_seconds=2)) as storage:
            yield storage


def test_no_part_of_the_contract_hides_another() -> None:
    names = Counter(
        name for part in StorageContract.__mro__ for name in vars(part) if not name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []
