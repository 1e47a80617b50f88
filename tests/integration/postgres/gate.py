"""A gate before the database, which a test closes or breaks off."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from hexdesk.adapters.storage.postgres.embedded import PORT
from hexdesk.adapters.storage.postgres.roles import APPLICATION
from tests.database import Database


class Gate:
    """Passes on what is said between a storage and its database, on a socket of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._doomed: bytes | None = None
        self.is_mute = False  # whether what is said gets lost
        self._open: set[asyncio.StreamWriter] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, database: Database, folder: Path) -> AsyncGenerator[Self]:
        """Open a gate, and close it at the end."""
        gate = cls(database, folder)
        await gate.open()
        try:
            yield gate
        finally:
            await gate.close()

    @property
    def url(self) -> str:
        """Return the URL of the application's role, through the gate."""
        where = f"host={quote(str(self._folder))}&port={PORT}"
        return f"postgresql://{APPLICATION}@/{self._database.name}?{where}"

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_unix_server(self._pass_on, self._socket_in(self._folder))

    async def close(self) -> None:
        """Cut all connections, and let no new ones through."""
        if self._server is not None:
            self._server.close()
            self._cut()
            await self._server.wait_closed()
            self._socket_in(self._folder).unlink(missing_ok=True)
            self._server = None

    def cut_before_the_answer_to(self, words: bytes) -> None:
        """Let the next such statement through, but not what the database says to it."""
        self._doomed = words

    def _cut(self) -> None:
        for writer in self._open:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = self._socket_in(self._database.server.socket_folder)
        database_reader, database_writer = await asyncio.open_unix_connection(path)
        ends = {writer, database_writer}
        self._open |= ends
        try:
            with suppress(ConnectionError):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._pass_to_database(reader, database_writer, writer))
                    tasks.create_task(self._pass_to_client(database_reader, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.close()

    async def _pass_to_database(
        self,
        reader: asyncio.StreamReader,
        database: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(65_536):
            if self._doomed is not None and self._doomed in data:
                self._doomed = None
                client.close()
            if not self.is_mute:
                database.write(data)
                await database.drain()
        database.close()

    async def _pass_to_client(
        self, database: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        while data := await database.read(65_536):
            if not client.is_closing():
                client.write(data)
                await client.drain()
        client.close()

    @staticmethod
    def _socket_in(folder: Path) -> Path:
        return folder / f".s.PGSQL.{PORT}"
