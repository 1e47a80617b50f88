"""Real processes, a real database and a stand-in for the model, started by the first who asks."""

import tempfile
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.resilience.apart import LEASE_SECONDS, apart, made_ready
from tests.e2e.resilience.client import PATIENCE_SECONDS
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.storages import POSTGRES, SQLITE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes wrote when a test fails."""
    report = yield
    if report.failed:
        report.sections += [(str(one.log), one.end_of_log()) for one in Hexdesk.started]
    return report


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
    return made_ready(postgres_server, "resilience")


@pytest.fixture(scope="session")
async def api(
    process_folder: Path, desk_database: Database, model: Model
) -> AsyncGenerator[Hexdesk]:
    """An API that has few connections to its database."""
    process = apart("api", process_folder / "api", desk_database, model, HEXDESK_DATABASE_POOL="5")
    async with running(process):
        yield process


@pytest.fixture(scope="session", params=[POSTGRES, SQLITE])
async def laptop(
    request: pytest.FixtureRequest, process_folder: Path, model: Model
) -> AsyncGenerator[Hexdesk]:
    """The one `hexdesk up` on a kind of storage that tests kill and stop in turn."""
    folder = process_folder / f"up-{request.param}"
    settings = {"HEXDESK_RUN_LEASE": str(LEASE_SECONDS), **model.settings}
    if request.param == SQLITE:
        settings["HEXDESK_DATABASE_URL"] = f"sqlite:///{folder / 'desk.sqlite'}"
    async with running(Hexdesk("up", folder, settings)) as (process,):
        yield process


@pytest.fixture
async def up(laptop: Hexdesk) -> Hexdesk:
    """A running `up`, whatever the test before left of it."""
    if not laptop.is_running:
        await laptop.start()
    return laptop


@pytest.fixture(scope="session")
async def apis(
    api: Hexdesk, process_folder: Path, desk_database: Database, model: Model
) -> AsyncGenerator[tuple[Hexdesk, Hexdesk]]:
    """Two APIs on one database."""
    other = apart("api", process_folder / "other-api", desk_database, model)
    async with running(other):
        yield api, other


@pytest.fixture(scope="session")
async def small_api(
    process_folder: Path, desk_database: Database, model: Model
) -> AsyncGenerator[Hexdesk]:
    """An API that takes two runs at a time, and waits a second for a thread."""
    process = apart(
        "api",
        process_folder / "small-api",
        desk_database,
        model,
        HEXDESK_MOST_RUNS="2",
        HEXDESK_THREAD_WAIT="1",
    )
    async with running(process):
        yield process
