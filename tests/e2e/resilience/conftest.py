"""Real processes, a real database and a stand-in for the model, started by the first who asks."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import OWNER, bootstrap
from tests.database import Database
from tests.e2e.resilience.client import PATIENCE_SECONDS
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import SECRET, Hexdesk, running

LEASE_SECONDS = 2


@pytest.fixture(scope="session")
def process_folder() -> Iterator[Path]:
    """A folder for the processes' data; why not `tmp_path`, see `spare_folder`."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def model() -> AsyncGenerator[Model]:
    """A model that every process asks."""
    model = Model()
    async with model.server:
        yield model


@pytest.fixture(scope="session")
async def http() -> AsyncGenerator[httpx2.AsyncClient]:
    """A client that keeps no connection, since its servers come and go."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, verify=False, limits=limits, timeout=PATIENCE_SECONDS
    ) as http:
        yield http


@pytest.fixture(autouse=True)
def played_out(model: Model) -> Iterator[None]:
    """Have the model forget its parts, so that what one test left over disturbs no other."""
    yield
    model.forget()


@pytest.fixture(scope="session")
def desk_database(postgres_server: EmbeddedPostgres) -> Database:
    """A database for processes to share; each test founds an organization of its own in it."""
    return made_ready(postgres_server)


def made_ready(server: EmbeddedPostgres) -> Database:
    """Make a database with the present schema."""
    from hexdesk.adapters.storage.postgres.migrate import migrate  # noqa: PLC0415  takes seconds

    database = Database(server, "resilience")
    asyncio.run(bootstrap(server.url("postgres", SUPERUSER), database.name))
    migrate(server.url(database.name, OWNER))
    return database


def apart(command: str, folder: Path, database: Database, model: Model, **settings: str) -> Hexdesk:
    """Return a process on a database of its own operator's."""
    return Hexdesk(
        command,
        folder,
        {
            "HEXDESK_DATABASE_URL": database.url,
            "HEXDESK_SECRET_KEY": SECRET,
            "HEXDESK_RUN_LEASE": str(LEASE_SECONDS),
            **model.settings,
            **settings,
        },
    )


@pytest.fixture(scope="session")
async def api(
    process_folder: Path, desk_database: Database, model: Model
) -> AsyncGenerator[Hexdesk]:
    """An API that has few connections to its database."""
    process = apart("api", process_folder / "api", desk_database, model, HEXDESK_DATABASE_POOL="5")
    async with running(process):
        yield process


@pytest.fixture(scope="session")
async def laptop(process_folder: Path, model: Model) -> AsyncGenerator[Hexdesk]:
    """The one `hexdesk up` that tests kill and stop in turn."""
    settings = {"HEXDESK_RUN_LEASE": str(LEASE_SECONDS), **model.settings}
    async with running(Hexdesk("up", process_folder / "up", settings)) as (process,):
        yield process


@pytest.fixture
async def up(laptop: Hexdesk) -> Hexdesk:
    """A running `up`, whatever the test before left of it."""
    if not laptop.is_running:
        await laptop.start()
    return laptop
