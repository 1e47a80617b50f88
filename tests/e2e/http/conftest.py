"""A house per test, with one company in it."""

from collections.abc import AsyncGenerator, Generator

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.e2e.http.house import Company, House, a_house


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Keep structlog from drawing tracebacks of whole desks for nobody."""
    with capture_logs():
        yield


@pytest.fixture
async def house() -> AsyncGenerator[House]:
    """Return a desk in memory with its API."""
    async with a_house() as house:
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
