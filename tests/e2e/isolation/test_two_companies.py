"""No company learns or changes anything of another: each route, tool, table and cache key."""

import asyncpg
import pytest

from hexdesk.core.tools.catalogue import catalogue
from tests.database import Database
from tests.e2e.isolation.companies import Company, nobodys
from tests.e2e.isolation.exchange import everything_of, filled, make
from tests.e2e.isolation.installation import Installation
from tests.e2e.isolation.routes import CASES, routes_of
from tests.e2e.isolation.tools import TOOLS
from tests.integration.postgres.test_isolation import LETTER_BOX, TABLES, VERSIONS, column_of


def test_every_route_has_its_case(installation: Installation):
    assert set(routes_of(installation.app)) == set(CASES)


async def test_no_route_shows_or_changes_anything_of_another_company(
    acme: Company, rival: Company
):
    before = await everything_of(acme)
    for route, case in CASES.items():
        exchanged = await make(rival.admin, route, acme.names)
        assert exchanged.answer.status_code == case.stranger, (route, exchanged.told)
        assert exchanged.leaked(acme) == set(), route
        if case.shows_own:
            assert rival.known_in(exchanged.told), route
    assert await everything_of(acme) == before
