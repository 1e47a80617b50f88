"""A database and folders for an installation of many processes."""

import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.deploy.front import Front, front_of_four
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
    return made_ready(postgres_server, "deploy")


@pytest.fixture(scope="module")
async def running_front() -> AsyncGenerator[Front]:
    """An nginx before four processes that tests share."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        async with front_of_four(Path(folder)) as front:
            yield front


@pytest.fixture
def front(running_front: Front) -> Front:
    """The same, with nothing heard and everything answered with 404."""
    for server in (*running_front.apis, *running_front.mcps):
        server.heard.clear()
        server.answers.clear()
    return running_front
