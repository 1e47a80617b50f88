"""The connections to the file: lent, given back, and never in the middle of anything."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import msgspec

from hexdesk.core import ConflictError, ConnectionUse, StorageUnavailableError, UnavailableError
from hexdesk_sqlite.connection import BoundConnection, Lent
from hexdesk_sqlite.opening import Bound, connect, keep_apart
from hexdesk_sqlite.turns import WritersTurns


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections there may be, and how long is waited for what.

    Who gets no connection in `acquire_seconds` is told that the storage is unavailable; who waits
    longer than `lock_seconds` for another one's writing is told that the thing is busy.
    """

    connections: int = 10
    acquire_seconds: float = 5
    lock_seconds: float = 5


class Connections:
    """Connections, opened when they are needed, and the transactions on them."""

    def __init__(self, file: Path, patience: Patience) -> None:
        self._file = file
        self._patience = patience
        self._threads = ThreadPoolExecutor(patience.connections, thread_name_prefix="sqlite")
        self._free = asyncio.Semaphore(patience.connections)
        self._idle: list[Lent] = []
        self._size = 0
        self._turns = WritersTurns(patience.lock_seconds)
        self._giving_back: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, file: Path, patience: Patience) -> AsyncGenerator[Self]:
        """Be ready to connect, and disconnect at the end."""
        connections = cls(file, patience)
        try:
            yield connections
        finally:
            await connections._close()

    @property
    def use(self) -> ConnectionUse:
        """Return how many connections there are, and how many do nothing."""
        return ConnectionUse(size=self._size, idle=len(self._idle))

    async def run(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Run a statement outside of any organization and return its rows."""
        async with self._bound(None) as bound:
            return await bound.rows(statement, *values)

    @asynccontextmanager
    async def transaction(self, organization_id: UUID) -> AsyncGenerator[BoundConnection]:
        """Open a transaction that sees the organization only."""
        async with self._bound(organization_id) as bound:
            yield bound

    @asynccontextmanager
    async def _bound(self, organization_id: UUID | None) -> AsyncGenerator[BoundConnection]:
        lent = await self._acquire()
        try:
            lent.bound.to(organization_id)
            bound = BoundConnection(lent, self._turns)
            yield bound
            if bound.has_failed:
                raise ConflictError("nothing was stored: a statement of the transaction had failed")
            if lent.is_writing:
                await lent.run(lambda connection: connection.execute("COMMIT"))
        finally:
            await self._give_back(lent)

    async def _acquire(self) -> Lent:
        try:
            async with asyncio.timeout(self._patience.acquire_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise UnavailableError("all database connections are in use") from error
        if self._idle:
            return self._idle.pop()
        try:
            lent = await asyncio.get_running_loop().run_in_executor(self._threads, self._connect)
        except sqlite3.Error as error:
            self._free.release()
            raise StorageUnavailableError(f"the database cannot be used: {error}") from error
        except BaseException:
            self._free.release()
            raise
        self._size += 1
        return lent

    def _connect(self) -> Lent:
        connection = connect(self._file, busy_seconds=self._patience.lock_seconds)
        bound = Bound()
        try:
            keep_apart(connection, bound)
        except BaseException:
            connection.close()
            raise
        return Lent(connection, bound, self._threads)

    async def _give_back(self, lent: Lent) -> None:
        if not lent.is_busy and not lent.connection.in_transaction:
            self._take_back(lent)
            return
        # Whoever is cancelled, or cancelled again, cannot wait: the connection is cleaned all
        # the same, and is lent to nobody before it is.
        task = asyncio.create_task(self._clean(lent))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)
        await asyncio.shield(task)

    async def _clean(self, lent: Lent) -> None:
        await lent.stop()
        if lent.connection.in_transaction:
            with suppress(StorageUnavailableError):
                await lent.run(lambda connection: connection.execute("ROLLBACK"))
        self._take_back(lent)

    def _take_back(self, lent: Lent) -> None:
        self._turns.end(lent)
        lent.bound.to(None)
        self._idle.append(lent)
        self._free.release()

    async def _close(self) -> None:
        await asyncio.gather(*self._giving_back)
        for lent in self._idle:
            lent.connection.close()
        self._threads.shutdown()
