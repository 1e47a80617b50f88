"""The connections to the database: lent, given back, and never in the middle of anything."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from hexdesk.adapters.storage.postgres.connection import BoundConnection, prepare
from hexdesk.adapters.storage.postgres.failures import explaining
from hexdesk.core.errors import ConflictError, StorageUnavailableError, UnavailableError

STATEMENT_SECONDS = 30
MOST_STATEMENTS = 500

Lent = PoolConnectionProxy


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections are kept and may be opened, and how long is waited for what.

    Who gets no connection in `acquire_seconds` is told that the storage is unavailable, and a
    connection that cannot be given back in that time is cut; who waits for another transaction
    longer than `lock_seconds` is told that the thing is busy.
    """

    min_size: int = 2
    max_size: int = 10
    acquire_seconds: float = 5
    lock_seconds: float = 5


class PoolUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections there are, how many of them do nothing, and how many there may be."""

    size: int
    idle: int
    limit: int


class Connections:
    """A pool, and the transactions on it."""

    def __init__(self, pool: asyncpg.Pool, settings: PoolSettings) -> None:
        self._pool = pool
        self._acquire_seconds = settings.acquire_seconds
        # One round trip, and all of it is forgotten when the transaction ends.
        self._begin = (
            f"BEGIN; SET LOCAL lock_timeout = {round(settings.lock_seconds * 1000)};"
            "SET LOCAL app.organization_id = "
        )
        self._giving_back: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, settings: PoolSettings) -> AsyncGenerator[Self]:
        """Connect, and disconnect at the end."""
        with explaining:
            pool = await asyncpg.create_pool(
                url,
                min_size=settings.min_size,
                max_size=settings.max_size,
                init=prepare,
                reset=_leave_as_it_is,
                command_timeout=STATEMENT_SECONDS,
                statement_cache_size=MOST_STATEMENTS,
                max_cached_statement_lifetime=0,
            )
        try:
            yield cls(pool, settings)
        finally:
            await _close(pool, settings.acquire_seconds)

    @property
    def use(self) -> PoolUse:
        """Return how many connections there are, and how many do nothing."""
        return PoolUse(
            size=self._pool.get_size(),
            idle=self._pool.get_idle_size(),
            limit=self._pool.get_max_size(),
        )

    async def run(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Run a statement outside of any organization and return its rows."""
        connection = await self._acquire()
        try:
            return await BoundConnection(connection).rows(statement, *values)
        finally:
            await self._give_back(connection)

    @asynccontextmanager
    async def transaction(self, organization_id: UUID) -> AsyncGenerator[BoundConnection]:
        """Open a transaction that sees the organization only."""
        connection = await self._acquire()
        try:
            with explaining:
                await connection.execute(f"{self._begin}'{organization_id!s}'")
            yield BoundConnection(connection)
            with explaining:
                outcome = await connection.execute("COMMIT")
            if outcome != "COMMIT":
                raise ConflictError("nothing was stored: a statement of the transaction had failed")
        finally:
            await self._give_back(connection)

    async def _acquire(self) -> Lent:
        with explaining:
            try:
                return await self._pool.acquire(timeout=self._acquire_seconds)
            except TimeoutError as error:
                if self._pool.get_size() < self._pool.get_max_size():
                    raise StorageUnavailableError("the database does not answer") from error
                raise UnavailableError("all database connections are in use") from error

    async def _give_back(self, connection: Lent) -> None:
        try:
            is_clean = not connection.is_in_transaction()
        except asyncpg.InterfaceError:
            return  # it was lost, and the pool has noticed
        if is_clean:
            await self._pool.release(connection)
            return
        # Whoever is cancelled, or cancelled again, cannot wait: the connection is cleaned all
        # the same, and is lent to nobody before it is.
        task = asyncio.create_task(self._clean(connection))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)
        await asyncio.shield(task)

    async def _clean(self, connection: Lent) -> None:
        try:
            await connection.execute("ROLLBACK", timeout=self._acquire_seconds)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.ProtocolError):
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
        # A server that has stopped answering does not confirm a cancelled statement either.
        with suppress(OSError, asyncpg.InterfaceError):
            await self._pool.release(connection)


async def _leave_as_it_is(connection: object) -> None:
    """Change nothing: no statement of ours outlives its transaction."""


async def _close(pool: asyncpg.Pool, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await pool.close()
    except TimeoutError:
        pool.terminate()
