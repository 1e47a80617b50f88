"""A connection in a transaction, which begins to be one when something is to be written."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from hexdesk.core import DeskError
from hexdesk_sqlite.failures import in_our_words
from hexdesk_sqlite.opening import Bound
from hexdesk_sqlite.turns import WritersTurns
from hexdesk_sqlite.values import to_sqlite

T = TypeVar("T")

INTERRUPT_SECONDS = 0.01
_WRITES = ("INSERT", "UPDATE", "DELETE")


class Lent:
    """A connection that one piece of work has, and the thread that its statements run on."""

    def __init__(self, connection: sqlite3.Connection, bound: Bound, threads: Executor) -> None:
        self.connection = connection
        self.bound = bound
        self.is_writing = False
        self._threads = threads
        self._running: asyncio.Future[Any] | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a statement is still running, whose caller has gone."""
        return self._running is not None and not self._running.done()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the connection, in the desk's words where it goes wrong."""
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, work, self.connection)
        self._running = running
        try:
            # Whoever is cancelled goes at once; the statement ends in its own time.
            return await asyncio.shield(running)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            ours = in_our_words(error)
            if ours is None:
                raise
            raise ours from error

    async def begin(self) -> None:
        """Begin a transaction in which nobody else writes."""
        await self.run(lambda connection: connection.execute("BEGIN IMMEDIATE"))

    async def stop(self) -> None:
        """Stop the statement whose caller has gone."""
        while self._running is not None and not self._running.done():
            # One that has not begun yet does not hear it, and is told again.
            self.connection.interrupt()
            await asyncio.wait({self._running}, timeout=INTERRUPT_SECONDS)
        if self._running is not None:
            self._running.exception()  # nobody else asks for it


class BoundConnection:
    """A connection in a transaction; no statement on it reaches beyond one organization.

    What is read before the first write is what was committed last, statement by statement. From
    the first write on, nobody else writes until the end.
    """

    def __init__(self, lent: Lent, turns: WritersTurns) -> None:
        self._lent = lent
        self._turns = turns
        self.has_failed = False

    async def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a statement."""
        found, _ = await self._execute(statement, values)
        return found

    async def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a statement, or None."""
        found = await self.rows(statement, *values)
        return found[0] if found else None

    async def value(self, statement: str, *values: Any) -> Any:
        """Return the first value of the first row of a statement, or None."""
        found = await self.row(statement, *values)
        return None if found is None else found[0]

    async def change(self, statement: str, *values: Any) -> int:
        """Run a statement and return how many rows it changed."""
        _, count = await self._execute(statement, values)
        return count

    async def change_each(self, statement: str, many: list[tuple[Any, ...]]) -> None:
        """Run a statement with each of many rows of values."""
        await self.lock()
        bound = [tuple(map(to_sqlite, values)) for values in many]
        await self._try(lambda connection: connection.executemany(statement, bound))

    async def lock(self) -> None:
        """Wait for the turn to write: until the end nobody else changes anything."""
        if not self._lent.is_writing:
            await self._turns.take(self._lent)

    async def _execute(
        self, statement: str, values: tuple[Any, ...]
    ) -> tuple[list[sqlite3.Row], int]:
        if statement.lstrip().startswith(_WRITES):
            await self.lock()
        bound = tuple(map(to_sqlite, values))

        def work(connection: sqlite3.Connection) -> tuple[list[sqlite3.Row], int]:
            cursor = connection.execute(statement, bound)
            found = cursor.fetchall()
            return found, cursor.rowcount

        return await self._try(work)

    async def _try(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._lent.run(work)
        except DeskError:
            self.has_failed = self._lent.is_writing
            raise
