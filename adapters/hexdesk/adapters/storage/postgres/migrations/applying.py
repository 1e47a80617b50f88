"""Run the migrations that a database is missing."""

import asyncio
from typing import cast

from advanced_alchemy.alembic.commands import AlembicCommandConfig
from alembic import context
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from hexdesk.adapters.storage.postgres.migrations.vectors import make_vectors
from hexdesk.adapters.storage.postgres.tables import Row

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7210453817)"


def apply() -> None:
    """Do what Alembic has been asked for; it has left the rest in its context."""
    config = cast("AlembicCommandConfig", context.config)
    asyncio.run(_apply(config))


async def _apply(config: AlembicCommandConfig) -> None:
    engine = cast("AsyncEngine", config.engine)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, config)
    finally:
        await engine.dispose()


def _run(connection: Connection, config: AlembicCommandConfig) -> None:
    # Two processes may start together: the second waits here, then finds nothing to do.
    connection.exec_driver_sql(ONE_AT_A_TIME)
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        version_table=config.version_table_name,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        with Operations.context(context.get_context()):
            make_vectors()
    connection.commit()
