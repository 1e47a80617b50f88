"""PostgreSQL as a kind of storage that an operator may choose."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hexdesk.adapters.storage.postgres.checks import DatabaseSetupError, check_server
from hexdesk.adapters.storage.postgres.migrate import head_revision
from hexdesk.adapters.storage.postgres.pool import PoolSettings
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.adapters.storage.postgres.upgrading import upgrade_database
from hexdesk.core.ports.storage_backends import ConnectionUse, OpenedStorage, StorageBackend


class PostgresBackend(StorageBackend):
    """PostgreSQL 15 or newer."""

    name = "postgres"
    schemes = frozenset({"postgres", "postgresql"})
    lacks = ()
    is_shared = True

    @asynccontextmanager
    async def open(self, url: str, *, connections: int) -> AsyncGenerator[OpenedStorage]:
        async with PostgresStorage.open(url, PoolSettings(max_size=connections)) as storage:

            def use() -> ConnectionUse:
                pool = storage.pool_use
                return ConnectionUse(size=pool.size, idle=pool.idle)

            yield OpenedStorage(
                storage=storage,
                ping=storage.ping,
                keeps_vectors=storage.keeps_vectors,
                connections=use,
            )

    async def upgrade(self, url: str) -> str:
        # Alembic runs an event loop of its own.
        return await asyncio.to_thread(upgrade_database, url, None)

    async def problem(self, url: str) -> str | None:
        try:
            await check_server(url, head_revision())
        except DatabaseSetupError as error:
            return str(error)
        return None
