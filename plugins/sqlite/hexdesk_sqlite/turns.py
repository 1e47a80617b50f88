"""Who writes: one at a time, by turns in this process and by the file's lock among processes."""

import asyncio
from typing import Protocol

from hexdesk.core.errors import BusyError
from hexdesk_sqlite.failures import TOO_LONG


class Writer(Protocol):
    """Whoever can begin to write."""

    is_writing: bool

    async def begin(self) -> None:
        """Begin a transaction in which nobody else writes; raise `BusyError` in vain."""
        ...


class WritersTurns:
    """The turns of those who write: SQLite itself would let them wait in no order."""

    def __init__(self, seconds: float) -> None:
        self._turn = asyncio.Lock()
        self._seconds = seconds

    async def take(self, writer: Writer) -> None:
        """Wait for a turn and begin; raise `BusyError` after so many seconds."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._turn.acquire()
        except TimeoutError as error:
            raise BusyError(TOO_LONG) from error
        writer.is_writing = True  # from here on, the turn has to be given back
        await writer.begin()

    def end(self, writer: Writer) -> None:
        """Give the turn back, if the writer has it."""
        if writer.is_writing:
            writer.is_writing = False
            self._turn.release()
