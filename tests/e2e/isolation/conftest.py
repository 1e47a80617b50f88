"""Two companies on one installation."""

from collections.abc import AsyncGenerator

import pytest

from tests.database import Database
from tests.e2e.isolation.companies import Company, a_company
from tests.e2e.isolation.installation import Installation, an_installation


@pytest.fixture
async def installation(database: Database) -> AsyncGenerator[Installation]:
    """Return an installation without anybody on it."""
    async with an_installation(database.url) as installation:
        yield installation


@pytest.fixture
async def acme(installation: Installation) -> Company:
    """Return the company whose things others are after."""
    return await a_company(installation, "orchid")


@pytest.fixture
async def rival(installation: Installation, acme: Company) -> Company:
    """Return another company, with things of the same kinds."""
    return await a_company(installation, "tulip")
