"""Databases made ready: the embedded one, and an operator's own."""

import asyncio

import asyncpg
from sqlalchemy.exc import DBAPIError

from hexdesk.adapters.storage.postgres.checks import DatabaseSetupError, check_server
from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import head_revision, migrate
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap
from hexdesk.entrypoints.settings import Settings, SettingsError, needed_database_url

DATABASE = "hexdesk"


def prepare_embedded(postgres: EmbeddedPostgres) -> str:
    """Make roles, database and schema, and return where the application connects."""
    postgres.wait_until_ready()
    asyncio.run(bootstrap(postgres.url("postgres", SUPERUSER), DATABASE))
    migrate(postgres.url(DATABASE, OWNER))
    return postgres.url(DATABASE, APPLICATION)


def operators_database(settings: Settings) -> str:
    """Return where the operator's own database is, if hexdesk can and should use it.

    Raise `SettingsError` without one, and for one that cannot be used.
    """
    url = needed_database_url(settings)
    try:
        asyncio.run(check_server(url, head_revision()))
    except DatabaseSetupError as error:
        raise SettingsError(str(error)) from error
    return url


def upgrade_database(url: str, app_password: str | None) -> str:
    """Make roles, rights and schema, as far as the role in the URL may; return the revision.

    Raise `SettingsError` for a database that cannot be reached or a role that may not do it.
    """
    try:
        is_superuser = asyncio.run(_prepare(url, app_password))
        migrate(_as_owner(url) if is_superuser else url)
    except DBAPIError as error:
        raise SettingsError(f"cannot upgrade the database: {error.orig}") from error
    except (OSError, asyncpg.PostgresError) as error:
        # PostgreSQL's words name roles and databases, never passwords.
        raise SettingsError(f"cannot upgrade the database: {error}") from error
    return head_revision()


def _as_owner(url: str) -> str:
    """Return the URL of a session in which all that a superuser makes is the owner's."""
    return f"{url}{'&' if '?' in url else '?'}role={OWNER}"


async def _prepare(url: str, app_password: str | None) -> bool:
    """Make the roles and rights as far as this role may, and tell whether it is a superuser."""
    connection = await asyncpg.connect(url)
    try:
        role: str = await connection.fetchval("SELECT current_user::text")
        is_superuser: bool = await connection.fetchval(
            "SELECT rolsuper FROM pg_roles WHERE rolname = $1", role
        )
        if is_superuser:
            database: str = await connection.fetchval("SELECT current_database()::text")
            await bootstrap(url, database)
        elif role != OWNER:
            raise SettingsError(
                f"role {role!r} may not upgrade the schema: connect as {OWNER}, or once as a"
                " superuser, which makes the roles (HEXDESK_DATABASE_OWNER_URL)"
            )
        if app_password:
            quoted: str = await connection.fetchval("SELECT quote_literal($1::text)", app_password)
            await connection.execute(f"ALTER ROLE {APPLICATION} PASSWORD {quoted}")
        return is_superuser
    finally:
        await connection.close()
