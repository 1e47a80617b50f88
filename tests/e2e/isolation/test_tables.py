"""What lies in the database: a company has rows in each table, and another reads none of them."""

import asyncpg
import pytest

from tests.database import Database
from tests.e2e.isolation.companies import Company
from tests.integration.postgres.test_isolation import LETTER_BOX, TABLES, VERSIONS, column_of
from tests.storages import POSTGRES

pytestmark = pytest.mark.parametrize("storage", [POSTGRES], indirect=True)

ROWS = "SELECT count(*) FROM {} WHERE {} = $1"
BIND = "SELECT set_config('app.organization_id', $1, false)"


@pytest.fixture
async def tables(database: Database) -> list[str]:
    """Return the tables of the catalog that companies have rows in."""
    superuser = await asyncpg.connect(database.superuser_url)
    names = {row[0] for row in await superuser.fetch(TABLES)}
    await superuser.close()
    return sorted(names - {VERSIONS, LETTER_BOX})


async def test_every_table_of_the_catalog_is_filled_and_closed_to_others(
    database: Database, tables: list[str], acme: Company, rival: Company
):
    application = await asyncpg.connect(database.url)
    seen: dict[str, tuple[bool, int]] = {}
    for table in tables:
        counts: list[int] = []
        for company in (acme, rival):
            await application.execute(BIND, company.names["organization_id"])
            rows = ROWS.format(table, column_of(table))
            counts.append(await application.fetchval(rows, acme.who.organization_id))
        seen[table] = (counts[0] > 0, counts[1])
    await application.close()
    assert seen == dict.fromkeys(tables, (True, 0))
