"""A database and folders for an installation of many processes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.resilience.apart import made_ready


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that other accounts may enter; why not `tmp_path`, see `spare_folder`."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def desk_database(postgres_server: EmbeddedPostgres) -> Database:
    """A database for processes to share."""
    return made_ready(postgres_server)
