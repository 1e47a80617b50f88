"""What `HEXDESK_DATABASE_URL` may be wrong about, and what its owner is then told."""

from uuid import uuid4

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.checks import DatabaseSetupError, check_server
from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap

PASSWORD = "s3cret-word"
VERSIONS = """
    CREATE TABLE hexdesk_alembic (version_num varchar(32) PRIMARY KEY);
    INSERT INTO hexdesk_alembic VALUES ('0002');
    REVOKE ALL ON hexdesk_alembic FROM hexdesk_app;
    GRANT SELECT ON hexdesk_alembic TO hexdesk_app;
"""


async def run(server: EmbeddedPostgres, database: str, role: str, statement: str) -> None:
    """Run a statement in a database as a role."""
    connection = await asyncpg.connect(server.url(database, role))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def empty(postgres_server: EmbeddedPostgres) -> str:
    """A database that no migration has seen."""
    name = f"checks-{uuid4()}"
    await bootstrap(postgres_server.url("postgres", SUPERUSER), name)
    return name


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres, empty: str) -> str:
    """A database at revision 0002."""
    await run(postgres_server, empty, OWNER, VERSIONS)
    return empty


async def complaint(url: str, revision: str = "0002") -> str:
    """Return what the check has to say."""
    with pytest.raises(DatabaseSetupError) as caught:
        await check_server(url, revision)
    return str(caught.value)


async def test_a_good_server_passes(postgres_server: EmbeddedPostgres, database: str) -> None:
    await check_server(postgres_server.url(database, APPLICATION), "0002")


async def test_a_role_with_the_applications_rights_passes(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    role = f"desk-{uuid4()}"
    create = f'CREATE ROLE "{role}" LOGIN IN ROLE {APPLICATION}'
    await run(postgres_server, database, SUPERUSER, create)
    await check_server(postgres_server.url(database, role), "0002")


async def test_an_old_schema_needs_the_upgrade(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    said = await complaint(postgres_server.url(database, APPLICATION), "0003")
    assert "is old, '0002' and not '0003': run `hexdesk db upgrade`" in said


async def test_a_newer_schema_needs_a_newer_hexdesk(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    said = await complaint(postgres_server.url(database, APPLICATION), "0001")
    assert "is newer than this hexdesk, '0002' and not '0001': upgrade hexdesk" in said


async def test_a_database_without_a_schema_needs_the_upgrade(
    postgres_server: EmbeddedPostgres, empty: str
) -> None:
    url = postgres_server.url(empty, APPLICATION)
    assert await complaint(url) == (
        f"no schema in database {empty!r} at {str(postgres_server.socket_folder)!r}: "
        "run `hexdesk db upgrade`"
    )


async def test_a_migration_that_never_ended_is_no_schema(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    await run(postgres_server, database, OWNER, "DELETE FROM hexdesk_alembic")
    assert "no schema in" in await complaint(postgres_server.url(database, APPLICATION))


async def test_a_missing_database_is_named(postgres_server: EmbeddedPostgres, empty: str) -> None:
    said = await complaint(postgres_server.url("no such", APPLICATION))
    assert said.startswith("no database 'no such' at ")
    assert said.endswith("create it, then run `hexdesk db upgrade`")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("SUPERUSER", "it is a superuser"),
        ("BYPASSRLS", "it bypasses row-level security:"),
        (f"IN ROLE {OWNER}", "it bypasses row-level security and owns tables:"),
        ("IN ROLE {table_owner}", "it owns tables:"),
    ],
)
async def test_a_role_with_too_many_rights_is_refused(
    postgres_server: EmbeddedPostgres, database: str, attributes: str, reason: str
) -> None:
    role, table_owner = f"desk-{uuid4()}", f'"owner-{uuid4()}"'
    prepare = f"""
        CREATE ROLE {table_owner};
        CREATE TABLE owned (n int);
        ALTER TABLE owned OWNER TO {table_owner};
        CREATE ROLE "{role}" LOGIN {attributes.format(table_owner=table_owner)};
        GRANT CONNECT ON DATABASE "{database}" TO "{role}"
    """
    await run(postgres_server, database, SUPERUSER, prepare)
    said = await complaint(postgres_server.url(database, role))
    assert said.startswith(f"role {role!r} has too many rights to keep organizations apart: ")
    assert reason in said
    assert "connect as 'hexdesk_app'" in said


@pytest.mark.parametrize("role", [SUPERUSER, OWNER])
async def test_the_roles_that_set_up_do_not_serve(
    postgres_server: EmbeddedPostgres, database: str, role: str
) -> None:
    assert "too many rights" in await complaint(postgres_server.url(database, role))


async def test_a_role_with_too_few_rights_is_told_so(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    role = f"desk-{uuid4()}"
    create = f'CREATE ROLE "{role}" LOGIN; GRANT CONNECT ON DATABASE "{database}" TO "{role}"'
    await run(postgres_server, database, SUPERUSER, create)
    said = await complaint(postgres_server.url(database, role))
    assert said.startswith(f"role {role!r} may not read the schema's version: ")


async def test_an_unknown_role_is_named(postgres_server: EmbeddedPostgres, database: str) -> None:
    said = await complaint(postgres_server.url(database, "nobody-here"))
    assert "refuses role 'nobody-here': role \"nobody-here\" does not exist" in said


async def test_a_wrong_password_is_called_so_and_not_repeated(
    postgres_server: EmbeddedPostgres, database: str
) -> None:
    role = f"desk-{uuid4()}"
    create = f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'right' IN ROLE {APPLICATION}"
    await run(postgres_server, database, SUPERUSER, create)
    rules = postgres_server.data / "pg_hba.conf"
    rules.write_text(f'local all "{role}" scram-sha-256\n{rules.read_text()}')
    await run(postgres_server, database, SUPERUSER, "SELECT pg_reload_conf()")
    url = postgres_server.url(database, role)
    await check_server(url.replace("@", ":right@", 1), "0002")
    said = await complaint(url.replace("@", f":{PASSWORD}@", 1))
    assert said.startswith(f"wrong password for role {role!r} at ")
    assert PASSWORD not in said
    assert (await complaint(url)).startswith(f"wrong password for role {role!r} at ")


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("127.0.0.1:1/hexdesk", "'127.0.0.1:1'"),
        ("/hexdesk?host=/no/such/folder", "'/no/such/folder'"),
    ],
)
async def test_a_server_that_does_not_answer_is_named(server: str, name: str) -> None:
    said = await complaint(f"postgresql://hexdesk_app:{PASSWORD}@{server}")
    assert said.startswith(f"no PostgreSQL server answers at {name}: start it, or correct")
    assert PASSWORD not in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://hexdesk_app:s3cret@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret/word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret#word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret?word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret@word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret[word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret℀word@localhost/hexdesk",
        "postgresql://hexdesk_app:s3cret@localhost:port/hexdesk",
        "postgresql://hexdesk_app:s3cret@localhost/hexdesk?sslmode=s3cret",
    ],
)
async def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(
        DatabaseSetupError, match="is not understood: write postgresql://"
    ) as caught:
        await check_server(url, "0002")
    assert "s3cret" not in str(caught.value)
    # Nor does a traceback show the error that quotes it.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
