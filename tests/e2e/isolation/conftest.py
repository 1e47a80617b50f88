"""Two companies on one installation."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.ports.storage import Storage
from hexdesk_sqlite.schema import upgrade
from hexdesk_sqlite.storage import SqliteStorage
from tests.database import Database
from tests.e2e.isolation.companies import Company, a_company
from tests.e2e.isolation.installation import Installation, an_installation
from tests.storages import POSTGRES, SQLITE


@pytest.fixture(params=[POSTGRES, SQLITE])
async def storage(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncGenerator[Storage]:
    """Return each storage that keeps companies apart."""
    if request.param == POSTGRES:
        async with PostgresStorage.open(database.url) as storage:
            yield storage
        return
    file = tmp_path / "desk.sqlite"
    upgrade(file)
    async with SqliteStorage.open(file) as storage:
        yield storage


@pytest.fixture
async def installation(storage: Storage) -> AsyncGenerator[Installation]:
    """Return an installation without anybody on it."""
    async with an_installation(storage) as installation:
        yield installation


@pytest.fixture
async def acme(installation: Installation) -> Company:
    """Return the company whose things others are after."""
    return await a_company(installation, "orchid")


@pytest.fixture
async def rival(installation: Installation, acme: Company) -> Company:
    """Return another company, with things of the same kinds."""
    return await a_company(installation, "tulip")
