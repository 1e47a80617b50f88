"""A file with a schema, and a storage on it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk_sqlite.connections import Patience
from hexdesk_sqlite.schema import upgrade
from hexdesk_sqlite.storage import SqliteStorage

IMPATIENT = Patience(connections=3, acquire_seconds=0.2, lock_seconds=0.2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that can be used."""
    file = tmp_path / "desk.sqlite"
    upgrade(file)
    return file


@pytest.fixture
async def storage(file: Path) -> AsyncGenerator[SqliteStorage]:
    """Return a storage that waits for nobody for long."""
    async with SqliteStorage.open(file, IMPATIENT) as storage:
        yield storage
