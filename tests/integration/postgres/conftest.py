"""What the tests of the storage share."""

from collections.abc import AsyncGenerator

import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from tests.database import Database
from tests.integration.postgres.single import ONE


@pytest.fixture
async def single(database: Database) -> AsyncGenerator[PostgresStorage]:
    """Return a storage with one connection."""
    async with PostgresStorage.open(database.url, ONE) as storage:
        yield storage
