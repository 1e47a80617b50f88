"""Roles and database, so that the application owns nothing and bypasses nothing."""

import asyncpg

OWNER = "hexdesk_owner"
APPLICATION = "hexdesk_app"
LOOKUP = "hexdesk_lookup"

# BYPASSRLS: forced policies bind the owner too, and a data migration that they bind changes
# no row and says so to nobody.
_ATTRIBUTES = {
    OWNER: "LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION",
    APPLICATION: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION",
    LOOKUP: "NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION",
}
_FIRST_WITH_GRANT_OPTIONS = 16
_TURN = "SELECT pg_advisory_lock(7210453816)"
_CREATE_VECTOR = """DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
    END IF;
END $$"""


async def bootstrap(admin_url: str, database: str) -> None:
    """Bring the roles, the database and all rights on it into being, as a superuser.

    Repeating it is harmless, in two processes at once too, and puts right what differs: a copy
    of a database comes with the rights on its tables, but without those on itself.
    """
    admin = await asyncpg.connect(admin_url)
    try:
        # Roles belong to the whole server, and PostgreSQL refuses to change one twice at once.
        await admin.execute(_TURN)
        await _bring_roles(admin)
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await admin.execute(
                f"CREATE DATABASE {_quoted(database)} OWNER {OWNER} "
                "TEMPLATE template0 ENCODING 'UTF8'"
            )
        inside = await asyncpg.connect(admin_url, database=database)
        try:
            await inside.execute(_rights(database))
        finally:
            await inside.close()
    finally:
        await admin.close()


async def _bring_roles(admin: asyncpg.Connection) -> None:
    major = admin.get_server_version().major
    async with admin.transaction():
        for role, attributes in _ATTRIBUTES.items():
            known = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
            await admin.execute(f"{'ALTER' if known else 'CREATE'} ROLE {role} {attributes}")
        # None of our statements runs for long enough to be worth compiling.
        await admin.execute(f"ALTER ROLE {APPLICATION} SET jit = off")
        await admin.execute(_membership(major))


def _membership(major_version: int) -> str:
    """Let the owner hand functions to the look-up role without having that role's rights."""
    if major_version >= _FIRST_WITH_GRANT_OPTIONS:
        return f"GRANT {LOOKUP} TO {OWNER} WITH INHERIT FALSE, SET TRUE"
    return f"ALTER ROLE {OWNER} NOINHERIT; GRANT {LOOKUP} TO {OWNER}"


def _rights(database: str) -> str:
    """Say who may do what in a database; one string, so that one transaction does it."""
    name = _quoted(database)
    return f"""
        {_CREATE_VECTOR};

        ALTER DATABASE {name} OWNER TO {OWNER};
        REVOKE ALL ON DATABASE {name} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {name} TO {APPLICATION};

        ALTER SCHEMA public OWNER TO {OWNER};
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO {APPLICATION};
        -- A function's owner must be able to create functions where it lies.
        GRANT USAGE, CREATE ON SCHEMA public TO {LOOKUP};

        ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION};
        -- Functions are everybody's unless revoked, and some of ours run with others' rights.
        ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}, {LOOKUP} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}, {LOOKUP} IN SCHEMA public
            GRANT EXECUTE ON FUNCTIONS TO {APPLICATION};
    """


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
