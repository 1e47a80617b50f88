"""A child that reads one file: started, heard, and ended by its parent."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio import StreamReader
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Self, cast

import msgspec

from hexdesk.adapters.extraction.sandbox.wire import SIZE, Order, Word, unpacked

PROGRAM = ("-m", "hexdesk.adapters.extraction.sandbox.child")
# Nothing of the parent's is passed on. Tesseract's own threads would only fight each other.
ENVIRONMENT = {"OMP_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "2"}
ROOM = 10_000_000
LAST_WORDS = 2000


class MadError(Exception):
    """The child says what no child of ours would say: the file has got hold of it."""


class Cell:
    """One child in a session of its own; leaving the block ends it, whatever it is doing."""

    def __init__(
        self, order: Order, file: BinaryIO | None = None, program: Sequence[str] = PROGRAM
    ) -> None:
        self.is_late = False
        self._order = order
        self._file = file
        self._program = program
        self._room = order.bounds.text_bytes * 2 + ROOM

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *command(self._order, self._program),
            stdin=self._file or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=ENVIRONMENT,
        )
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(self._order.limits.wall_seconds, self._expire)
        self._complaints = asyncio.create_task(_tail(cast("StreamReader", self._process.stderr)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._alarm.cancel()
        self._kill()
        # Its pipes are read to their end: while one is full, and nobody reads it, the loop does
        # not tell that the process has ended.
        await asyncio.gather(_tail(cast("StreamReader", self._process.stdout)), self._complaints)
        await self._process.wait()

    async def hear(self) -> Word | None:
        """Return its next word, None when it is dead, or raise `MadError`."""
        stream = cast("StreamReader", self._process.stdout)
        try:
            (size,) = SIZE.unpack(await stream.readexactly(SIZE.size))
            self._room -= size
            if self._room < 0:
                raise MadError("it says more than it may")
            return unpacked(await stream.readexactly(size))
        except asyncio.IncompleteReadError:
            return None
        except (msgspec.DecodeError, RecursionError) as error:
            raise MadError("it says what is no word") from error

    async def died(self) -> tuple[int, str]:
        """Return how it ended, as `subprocess` tells it, and what it complained of."""
        return await self._process.wait(), await self._complaints

    def _expire(self) -> None:
        self.is_late = True
        self._kill()

    def _kill(self) -> None:
        # Until it has been waited for, nobody else can have its number.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def command(order: Order, program: Sequence[str] = PROGRAM) -> list[str]:
    """Return what starts a child."""
    return [sys.executable, "-I", *program, msgspec.json.encode(order).decode()]


async def _tail(stream: StreamReader) -> str:
    tail = b""
    while piece := await stream.read(LAST_WORDS):
        tail = (tail + piece)[-LAST_WORDS:]
    return tail.decode(errors="replace")
