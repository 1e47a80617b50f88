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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A running server without any database of ours."""
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", IN_A_HURRY) as server,
    ):
        server.wait_until_ready()
        yield server
