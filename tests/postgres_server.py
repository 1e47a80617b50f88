"""One PostgreSQL for the whole run, started by the first test that asks for it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres

# Nothing in it outlives the run, so nothing needs to reach the disk.
IN_A_HURRY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


@pytest.fixture
def spare_folder() -> Iterator[Path]:
    """A fresh folder that an embedded PostgreSQL may live in.

    Not so `tmp_path`: whenever another run of pytest starts, it closes the folder above to other
    accounts, and root has its PostgreSQL run by another account.
    """
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A running server without any database of ours."""
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", IN_A_HURRY) as server,
    ):
        server.wait_until_ready()
        yield server
