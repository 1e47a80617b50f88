"""A house per test, with one company in it."""

import shutil
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from hexdesk.core.testing import SteadyClock
from hexdesk_sqlite.schema import upgrade
from hexdesk_sqlite.storage import SqliteStorage
from tests.e2e.http.house import Company, House, a_house
from tests.storages import MEMORY, SQLITE


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Keep structlog from drawing tracebacks of whole desks for nobody."""
    with capture_logs():
        yield


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of SQLite with the present schema, for each test to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.sqlite"
    upgrade(file)
    return file


@pytest.fixture(params=[MEMORY, SQLITE])
async def house(
    request: pytest.FixtureRequest, empty_file: Path, tmp_path: Path
) -> AsyncGenerator[House]:
    """Return a desk with its API: one that keeps nothing on disk, and one on SQLite."""
    if request.param == MEMORY:
        async with a_house() as house:
            yield house
        return
    file = tmp_path / "desk.sqlite"
    shutil.copy(empty_file, file)
    # What is over is over by the storage's own clock, so the desk's begins where that is.
    clock = SteadyClock(datetime.now(UTC).replace(microsecond=0))
    async with (
        SqliteStorage.open(file) as storage,
        a_house(storage=storage, clock=clock) as house,
    ):
        yield house


@pytest.fixture
async def company(house: House) -> AsyncGenerator[Company]:
    """Return an organization."""
    company = await house.company()
    yield company
    await company.close()


@pytest.fixture
def admin(company: Company) -> httpx2.AsyncClient:
    """Return a client for the organization's admin."""
    return company.admin
