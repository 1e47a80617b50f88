"""What a server of somebody else's must be before we serve from it."""

from typing import NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import msgspec

from hexdesk.adapters.storage.postgres.roles import APPLICATION

CONNECT_SECONDS = 10
_RIGHTS = """
    SELECT current_user::text AS role,
        bool_or(rolsuper) AS superuser,
        bool_or(rolbypassrls) AS bypasses,
        EXISTS (
            SELECT FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                AND pg_has_role(current_user, relowner, 'MEMBER')
        ) AS owns
    -- A right that a role can get by SET ROLE is a right it has.
    FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
"""


class DatabaseSetupError(Exception):
    """The database is not one to serve from; the message says what to do."""


async def check_server(url: str, expected_revision: str) -> None:
    """Raise DatabaseSetupError unless the database is there, up to date and ours to use only.

    Revisions are numbers of one length ("0007"), so that an older one sorts before a newer one.
    """
    target = _Target.read(url)
    connection = await _connect(url, target)
    try:
        await _check_rights(connection)
        await _check_revision(connection, target, expected_revision)
    finally:
        await connection.close()


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a URL points to, without its password."""

    server: str
    database: str
    role: str

    @classmethod
    def read(cls, url: str) -> "_Target":
        try:
            parts = urlsplit(url)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        except ValueError:
            _refuse_url()
        who, _, server = parts.netloc.rpartition("@")
        # A password with an unescaped character shifts all that follows it, and what looks like
        # a host or a port may be a piece of it.
        behind = parts.path + parts.fragment + ("" if who else parts.query)
        if parts.scheme not in ("postgresql", "postgres") or "@" in who + behind:
            _refuse_url()
        role = unquote(who.partition(":")[0]) or query.get("user", "")
        return cls(
            server=server or query.get("host", "localhost"),
            database=unquote(parts.path[1:]) or query.get("database", role),
            role=role,
        )


def _refuse_url() -> NoReturn:
    # From nothing: the error that led here may quote the URL, and with it the password.
    raise DatabaseSetupError(
        "HEXDESK_DATABASE_URL is not understood: write postgresql://role:password@host/database, "
        "with the special characters of the password percent-encoded"
    ) from None


async def _connect(url: str, target: _Target) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except asyncpg.InvalidPasswordError as error:
        raise DatabaseSetupError(
            f"wrong password for role {target.role!r} at {target.server!r}: "
            "correct HEXDESK_DATABASE_URL"
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise DatabaseSetupError(
            f"no database {target.database!r} at {target.server!r}: "
            "create it, then run `hexdesk db upgrade`"
        ) from error
    except asyncpg.PostgresError as error:
        raise DatabaseSetupError(
            f"the server at {target.server!r} refuses role {target.role!r}: {error}"
        ) from error
    except OSError as error:
        reason = str(error) or f"no answer in {CONNECT_SECONDS} seconds"
        raise DatabaseSetupError(
            f"no PostgreSQL server answers at {target.server!r}: "
            f"start it, or correct HEXDESK_DATABASE_URL ({reason})"
        ) from error
    except ValueError:
        _refuse_url()


async def _check_rights(connection: asyncpg.Connection) -> None:
    [rights] = await connection.fetch(_RIGHTS)
    excess = {
        "is a superuser": rights["superuser"],
        "bypasses row-level security": rights["bypasses"],
        "owns tables": rights["owns"],
    }
    if any(excess.values()):
        reasons = " and ".join(reason for reason, is_so in excess.items() if is_so)
        raise DatabaseSetupError(
            f"role {rights['role']!r} has too many rights to keep organizations apart: it "
            f"{reasons}: connect as {APPLICATION!r}, or as a role that has no more than its rights"
        )


async def _check_revision(
    connection: asyncpg.Connection, target: _Target, expected_revision: str
) -> None:
    found = None
    if await connection.fetchval("SELECT to_regclass('hexdesk_alembic') IS NOT NULL"):
        try:
            found = await connection.fetchval("SELECT max(version_num) FROM hexdesk_alembic")
        except asyncpg.InsufficientPrivilegeError as error:
            raise DatabaseSetupError(
                f"role {target.role!r} may not read the schema's version: "
                f"connect as {APPLICATION!r}, or as a member of it"
            ) from error
    where = f"database {target.database!r} at {target.server!r}"
    if found is None:
        raise DatabaseSetupError(f"no schema in {where}: run `hexdesk db upgrade`")
    if found < expected_revision:
        raise DatabaseSetupError(
            f"the schema of {where} is old, {found!r} and not {expected_revision!r}: "
            "run `hexdesk db upgrade`"
        )
    if found > expected_revision:
        raise DatabaseSetupError(
            f"the schema of {where} is newer than this hexdesk, {found!r} and not "
            f"{expected_revision!r}: upgrade hexdesk"
        )
