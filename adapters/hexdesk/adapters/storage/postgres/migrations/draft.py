"""Draft the next migration: what the tables say and the newest schema does not, as SQL.

`just db-migrate "what changes"` runs it, on a database that it makes and throws away.
"""

import asyncio
import io
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import asyncpg
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import (
    MIGRATIONS,
    VERSION_TABLE,
    head_revision,
    migrate,
)
from hexdesk.adapters.storage.postgres.roles import OWNER, bootstrap
from hexdesk.adapters.storage.postgres.tables import Row

MODULE = '''"""{title}."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import run_script

revision = "{revision}"
down_revision = "{newest}"


def upgrade() -> None:
    """{title}."""
    run_script(__file__)
'''


def main(arguments: Sequence[str]) -> None:
    """Write the files of the next migration, or say that none is needed."""
    title = " ".join(arguments).strip().rstrip(".")
    if not title:
        sys.exit('say what changes: just db-migrate "threads remember a mood"')
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-draft-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", {"fsync": "off"}) as server,
    ):
        server.wait_until_ready()
        statements = missing_statements(server, Row.metadata)
    if not statements:
        sys.exit("the newest schema is what the tables say: nothing to migrate")
    for path in write_migration(MIGRATIONS / "versions", title, statements):
        sys.stdout.write(f"{path}\n")


def missing_statements(server: EmbeddedPostgres, tables: MetaData, database: str = "draft") -> str:
    """Return what tables have that all migrations together do not make, as SQL."""
    asyncio.run(bootstrap(server.url("postgres", SUPERUSER), database))
    owner_url = server.url(database, OWNER)
    migrate(owner_url)
    return asyncio.run(_compared(owner_url, tables))


def write_migration(versions: Path, title: str, statements: str) -> tuple[Path, Path]:
    """Write a migration and its SQL, numbered after the newest."""
    newest = head_revision()
    revision = f"{int(newest) + 1:04}"
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    module = versions / f"{revision}_{name}.py"
    sentence = title[0].upper() + title[1:]
    module.write_text(
        MODULE.format(title=sentence, revision=revision, newest=newest), encoding="utf-8"
    )
    script = module.with_suffix(".sql")
    script.write_text(f"{statements}\n", encoding="utf-8")
    return module, script


async def _compared(owner_url: str, tables: MetaData) -> str:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=partial(asyncpg.connect, owner_url)
    )
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare, tables)
    finally:
        await engine.dispose()


def _compare(connection: Connection, tables: MetaData) -> str:
    present = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
    )
    script = io.StringIO()
    # A context without a connection writes down what it would do.
    written = Operations(
        MigrationContext.configure(
            dialect=connection.dialect, opts={"as_sql": True, "output_buffer": script}
        )
    )
    changes = produce_migrations(present, tables).upgrade_ops
    for operation in _single_operations(changes):
        written.invoke(operation)
    lines = script.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def _single_operations(operations: OpContainer | None) -> Iterator[MigrateOperation]:
    for operation in operations.ops if operations else ():
        if isinstance(operation, OpContainer):
            yield from _single_operations(operation)
        else:
            yield operation


if __name__ == "__main__":
    main(sys.argv[1:])
