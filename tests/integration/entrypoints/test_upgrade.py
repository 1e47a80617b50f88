"""`hexdesk db upgrade`: a superuser makes the roles, and all that is made belongs to the owner."""

import asyncio
from collections.abc import Callable
from itertools import count

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER
from hexdesk.entrypoints.bootstrap.database import operators_database, upgrade_database
from hexdesk.entrypoints.settings import Settings, SettingsError

OWNERS = """
    SELECT DISTINCT relowner::regrole::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
PASSWORDS = "SELECT rolpassword FROM pg_authid WHERE rolname = 'hexdesk_app'"
NOTHING = Settings()
_numbers = count(1)
Urls = Callable[[str], str]


@pytest.fixture
def urls(postgres_server: EmbeddedPostgres) -> Urls:
    """Return how each role reaches a database that is new, and empty."""
    name = f"upgraded_{next(_numbers)}"
    make = f'CREATE DATABASE "{name}"'
    asyncio.run(ask(postgres_server.url("postgres", SUPERUSER), make))
    return lambda role: postgres_server.url(name, role)


def test_what_a_superuser_upgrades_belongs_to_the_owner(urls: Urls) -> None:
    upgrade_database(NOTHING, urls(SUPERUSER), None)

    assert asyncio.run(ask(urls(SUPERUSER), OWNERS)) == [OWNER]


def test_the_owner_upgrades_what_a_superuser_began(urls: Urls) -> None:
    revision = upgrade_database(NOTHING, urls(SUPERUSER), None)

    assert upgrade_database(NOTHING, urls(OWNER), None) == revision


def test_a_database_that_was_upgraded_is_one_to_serve_from(urls: Urls) -> None:
    upgrade_database(NOTHING, urls(SUPERUSER), None)

    served = operators_database(Settings(database_url=urls(APPLICATION)))

    assert served == urls(APPLICATION)


def test_the_applications_password_is_set_as_it_was_given(urls: Urls) -> None:
    upgrade_database(NOTHING, urls(SUPERUSER), 'it\'s "quoted"')

    kept = asyncio.run(ask(urls(SUPERUSER), PASSWORDS))

    assert str(kept[0]).startswith("SCRAM-SHA-256$")


def test_the_application_may_not_upgrade(urls: Urls) -> None:
    upgrade_database(NOTHING, urls(SUPERUSER), None)

    with pytest.raises(SettingsError, match="role 'hexdesk_app' may not upgrade the schema"):
        upgrade_database(NOTHING, urls(APPLICATION), None)


def test_a_database_without_the_roles_is_told_in_words(urls: Urls) -> None:
    with pytest.raises(SettingsError, match=r"^cannot upgrade the database: "):
        upgrade_database(NOTHING, urls("nobody_at_all"), None)


async def ask(url: str, statement: str) -> list[object]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(statement)]
    finally:
        await connection.close()
