"""Who may do what in a bootstrapped database, asked of the database itself."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres import roles
from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP, OWNER, bootstrap

TABLES = """
    CREATE TABLE notes (organization text, body text);
    INSERT INTO notes VALUES ('ours', 'a'), ('theirs', 'b');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE notes FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON notes
        USING (organization = current_setting('app.organization_id', true));
"""
LOOK_UP = """
    CREATE POLICY look_up ON notes TO hexdesk_lookup USING (true);
    GRANT SELECT ON notes TO hexdesk_lookup;
    CREATE FUNCTION organization_of(wanted text) RETURNS text
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS 'SELECT organization FROM public.notes WHERE body = wanted';
    ALTER FUNCTION organization_of(text) OWNER TO hexdesk_lookup;
"""


@asynccontextmanager
async def connected(
    server: EmbeddedPostgres, database: str, role: str
) -> AsyncGenerator[asyncpg.Connection]:
    """Connect to a database as a role."""
    connection = await asyncpg.connect(server.url(database, role))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres) -> str:
    """A bootstrapped database with one table in it."""
    name = f"roles-{uuid4()}"
    await bootstrap(postgres_server.url("postgres", SUPERUSER), name)
    async with connected(postgres_server, name, OWNER) as owner:
        await owner.execute(TABLES)
    return name


async def test_the_application_sees_its_organization_only(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, APPLICATION) as application:
        assert await application.fetch("SELECT * FROM notes") == []
        await application.execute("SET app.organization_id = 'ours'")
        assert await application.fetchval("SELECT string_agg(body, ',') FROM notes") == "a"


async def test_no_statement_of_the_application_is_compiled(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, SUPERUSER) as admin:
        # In this database only, and for everybody in it: what a role says goes before that.
        await admin.execute(f'ALTER DATABASE "{database}" SET jit = on')
    async with connected(postgres_server, database, APPLICATION) as application:
        assert await application.fetchval("SHOW jit") == "off"
    async with connected(postgres_server, database, OWNER) as owner:
        assert await owner.fetchval("SHOW jit") == "on"


async def test_a_data_migration_changes_all_rows(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, OWNER) as owner:
        assert await owner.execute("UPDATE notes SET body = upper(body)") == "UPDATE 2"


async def test_the_application_may_change_rows_of_tables_to_come(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, OWNER) as owner:
        await owner.execute("CREATE TABLE later (n int)")
    async with connected(postgres_server, database, APPLICATION) as application:
        await application.execute("INSERT INTO later VALUES (1)")
        assert await application.execute("UPDATE later SET n = 2") == "UPDATE 1"
        assert await application.execute("DELETE FROM later") == "DELETE 1"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON notes",
        "TRUNCATE notes",
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE hexdesk_owner",
        "SET ROLE hexdesk_lookup",
        "SET SESSION AUTHORIZATION hexdesk_admin",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
async def test_the_application_cannot_lift_the_barrier(
    postgres_server: EmbeddedPostgres, database: str, statement: str
) -> None:
    async with connected(postgres_server, database, APPLICATION) as application:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)


async def test_the_application_cannot_ask_to_see_past_policies(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, APPLICATION) as application:
        await application.execute("SET row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await application.execute("SELECT * FROM notes")


async def test_the_owner_hands_a_function_to_the_look_up_role(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, OWNER) as owner:
        await owner.execute(LOOK_UP)
    async with connected(postgres_server, database, APPLICATION) as application:
        assert await application.fetchval("SELECT organization_of('b')") == "theirs"
        assert await application.fetch("SELECT * FROM notes") == []


async def test_a_later_migration_replaces_a_look_up_function(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, OWNER) as owner:
        await owner.execute(LOOK_UP)
        async with owner.transaction():
            await owner.execute(f"SET LOCAL ROLE {LOOKUP}")
            await owner.execute(
                "CREATE OR REPLACE FUNCTION organization_of(wanted text) RETURNS text "
                "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
                "AS $$ SELECT 'replaced' $$"
            )
    async with connected(postgres_server, database, APPLICATION) as application:
        assert await application.fetchval("SELECT organization_of('b')") == "replaced"


async def test_functions_are_not_everybodys(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, OWNER) as owner:
        await owner.execute(LOOK_UP)
        stranger = f"stranger-{uuid4()}"
        async with connected(postgres_server, database, SUPERUSER) as admin:
            await admin.execute(f'CREATE ROLE "{stranger}"')
            may = "SELECT has_function_privilege($1, 'organization_of(text)', 'EXECUTE')"
            assert not await admin.fetchval(may, stranger)
            assert await admin.fetchval(may, APPLICATION)


async def test_nobody_signs_in_as_the_look_up_role(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="not permitted"):
        await asyncpg.connect(postgres_server.url(database, LOOKUP))


async def test_strangers_on_the_same_server_stay_outside(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    stranger = f"stranger-{uuid4()}"
    async with connected(postgres_server, database, SUPERUSER) as admin:
        await admin.execute(f'CREATE ROLE "{stranger}" LOGIN')
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres_server.url(database, stranger))


async def test_vectors_are_there_when_the_server_has_them(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    async with connected(postgres_server, database, APPLICATION) as application:
        assert await application.fetchval("SELECT '[1,2]'::vector <-> '[1,4]'::vector") == 2


async def test_a_server_without_the_extension_will_do(
    postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = roles._CREATE_VECTOR.replace("vector", "unheard_of")  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  this server has the real one
    monkeypatch.setattr(roles, "_CREATE_VECTOR", unknown)
    name = f"roles-{uuid4()}"
    await bootstrap(postgres_server.url("postgres", SUPERUSER), name)
    async with connected(postgres_server, name, APPLICATION) as application:
        extensions = await application.fetch("SELECT extname FROM pg_extension")
    assert [row["extname"] for row in extensions] == ["plpgsql"]


async def test_many_processes_may_bootstrap_at_once(postgres_server: EmbeddedPostgres) -> None:
    name = f'roles"{uuid4()}'
    url = postgres_server.url("postgres", SUPERUSER)
    await asyncio.gather(*(bootstrap(url, name) for _ in range(8)))
    async with connected(postgres_server, name, APPLICATION) as application:
        assert await application.fetchval("SELECT current_database()") == name


async def test_a_copy_of_a_database_is_as_closed_as_its_template(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    copy = f"roles-{uuid4()}"
    async with connected(postgres_server, "postgres", SUPERUSER) as admin:
        await admin.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{database}" STRATEGY FILE_COPY')
    await bootstrap(postgres_server.url("postgres", SUPERUSER), copy)
    async with connected(postgres_server, copy, APPLICATION) as application:
        assert await application.fetch("SELECT * FROM notes") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute("CREATE TEMPORARY TABLE mine (n int)")
    async with connected(postgres_server, copy, OWNER) as owner:
        assert await owner.fetchval("SELECT count(*) FROM notes") == 2


async def test_bootstrap_takes_back_rights_that_the_roles_should_not_have(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    url = postgres_server.url("postgres", SUPERUSER)
    async with connected(postgres_server, database, SUPERUSER) as admin:
        await admin.execute(f"ALTER ROLE {APPLICATION} BYPASSRLS CREATEDB")
        # As a database from before PostgreSQL 15 has it.
        await admin.execute("ALTER SCHEMA public OWNER TO hexdesk_admin")
        await admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        await bootstrap(url, database)
        rights = await admin.fetchrow(
            "SELECT rolbypassrls, rolcreatedb, has_schema_privilege(rolname, 'public', 'CREATE') "
            "FROM pg_roles WHERE rolname = $1",
            APPLICATION,
        )
        owner = await admin.fetchval(
            "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
        )
    assert rights is not None
    assert tuple(rights) == (False, False, False)
    assert owner == OWNER


def test_older_servers_get_the_membership_in_words_they_know() -> None:
    membership = roles._membership  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  one version runs here
    assert membership(15) == f"ALTER ROLE {OWNER} NOINHERIT; GRANT {LOOKUP} TO {OWNER}"
    assert membership(16) == f"GRANT {LOOKUP} TO {OWNER} WITH INHERIT FALSE, SET TRUE"
