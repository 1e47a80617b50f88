"""A line to the tool server, which a test cuts, mutes or takes down."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

PIECE = 65_536


class Line:
    """Passes on what is said between clients and a server on loopback, on a port of its own."""

    def __init__(self, server_port: int) -> None:
        self.connections = 0
        self.is_mute = False
        """Whether what clients say gets lost."""
        self._server_port = server_port
        self._port = 0
        self._doomed: bytes | None = None
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Return where clients reach the server by this line."""
        return f"http://127.0.0.1:{self._port}/mcp"

    async def up(self) -> None:
        """Take connections, always on the same port."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Cut all connections, and take no new ones."""
        if self._server:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cut all connections."""
        for end in self._ends:
            end.close()

    def cut_before_the_answer_to(self, words: bytes) -> None:
        """Let the next request with these words through, but not what the server answers."""
        self._doomed = words

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        server_reader, server = await asyncio.open_connection("127.0.0.1", self._server_port)
        ends = {writer, server}
        self._ends |= ends
        try:
            await asyncio.gather(
                self._there(reader, server, writer),
                _back(server_reader, writer),
                return_exceptions=True,  # a line that is cut is what this is for
            )
        finally:
            self._ends -= ends
            for end in ends:
                end.close()

    async def _there(
        self,
        client: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
    ) -> None:
        while data := await client.read(PIECE):
            if self._doomed is not None and self._doomed in data:
                self._doomed = None
                back.close()
            if not self.is_mute:
                server.write(data)
                await server.drain()
        server.close()


async def _back(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    while data := await server.read(PIECE):
        if not client.is_closing():
            client.write(data)
            await client.drain()
    client.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncGenerator[Line]:
    """Open a line to the server at an address, and take it down at the end."""
    line = Line(int(url.rpartition(":")[2]))
    await line.up()
    try:
        yield line
    finally:
        await line.down()
