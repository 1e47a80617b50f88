"""Run the migrations; Alembic executes this file."""

import asyncio
from typing import cast

from advanced_alchemy.alembic.commands import AlembicCommandConfig
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from hexdesk.adapters.storage.postgres.tables import Row

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7210453817)"

config = cast("AlembicCommandConfig", context.config)


def run(connection: Connection) -> None:
    """Apply what is missing, all of it or nothing."""
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
    connection.commit()


async def main() -> None:
    """Connect as the owner of the schema."""
    engine = cast("AsyncEngine", config.engine)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


asyncio.run(main())
