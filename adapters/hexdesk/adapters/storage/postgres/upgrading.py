"""Roles, rights and schema of an operator's database, brought up to date."""

import asyncio

import asyncpg
from sqlalchemy.exc import DBAPIError

from hexdesk.adapters.storage.postgres.migrate import head_revision, migrate
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap
from hexdesk.core.errors import InvalidError


def upgrade_database(url: str, app_password: str | None) -> str:
    """Make roles, rights and schema, as far as the role in the URL may; return the revision.

    Call it outside of any event loop. Raise `InvalidError` for a database that cannot be reached or
    a role that may not do it.
    """
    try:
        is_superuser = asyncio.run(_prepare(url, app_password))
        migrate(_as_owner(url) if is_superuser else url)
    except DBAPIError as error:
        raise InvalidError(f"cannot upgrade the database: {error.orig}") from error
    except (OSError, asyncpg.PostgresError) as error:
        # PostgreSQL's words name roles and databases, never passwords.
        raise InvalidError(f"cannot upgrade the database: {error}") from error
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
            raise InvalidError(
                f"role {role!r} may not upgrade the schema: connect as {OWNER}, or once as a"
                " superuser, which makes the roles (HEXDESK_DATABASE_OWNER_URL)"
            )
        if app_password:
            quoted: str = await connection.fetchval("SELECT quote_literal($1::text)", app_password)
            await connection.execute(f"ALTER ROLE {APPLICATION} PASSWORD {quoted}")
        return is_superuser
    finally:
        await connection.close()
