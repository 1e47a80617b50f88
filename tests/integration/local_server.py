"""A web server on the loopback interface that says what it is told and remembers what it heard."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Heard], bytes | None]
"""Gives the bytes to send back; None sends nothing and keeps the caller waiting."""


class LocalServer:
    """Answers by path, and with 404 elsewhere."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[Heard] = []
        self.connections = 0
        self.answers: dict[str, Answer] = {}

    def says(self, path: str, answer: bytes) -> None:
        """Answer requests for the path with these bytes."""
        self.answers[path] = lambda _: answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes over one connection."""
        self.connections += 1
        try:
            while heard := await _read(reader):
                self.heard.append(heard)
                answer = self.answers.get(heard.path, lambda _: response(404))(heard)
                if answer is None:
                    await reader.read()
                    return
                writer.write(answer)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def local_server(tls: ssl.SSLContext | None = None) -> AsyncGenerator[LocalServer]:
    """Run a server until the block ends."""
    server = LocalServer(port=0)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Write an HTTP answer down."""
    named = {"content-length": str(len(body)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{key}: {value}" for key, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read(reader: asyncio.StreamReader) -> Heard | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in rest)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method=method, path=path, headers=headers, body=body)
