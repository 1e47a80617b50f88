"""An address on the loopback interface that is told what happens, and how its answers go."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from tests.integration.local_server import Heard, LocalServer, response

PATIENCE_SECONDS = 40


@dataclass(kw_only=True)
class Receiver:
    """One webhook's address; `answers` are given in turn, and after them 200.

    An answer of None keeps whoever sent the event waiting.
    """

    server: LocalServer
    path: str = field(default_factory=lambda: f"/{uuid4().hex}")
    answers: list[bytes | None] = field(default_factory=list[bytes | None])
    heard: asyncio.Queue[Heard] = field(default_factory=asyncio.Queue[Heard])

    def __post_init__(self) -> None:
        """Listen at the path."""
        self.server.answers[self.path] = self._take

    @property
    def url(self) -> str:
        """Where it can be reached."""
        return f"http://127.0.0.1:{self.server.port}{self.path}"

    async def next(self) -> Heard:
        """Return the next request, once it has come."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.heard.get()

    async def events(self, count: int) -> list[Heard]:
        """Return so many requests, in no order."""
        return [await self.next() for _ in range(count)]

    def _take(self, heard: Heard) -> bytes | None:
        self.heard.put_nowait(heard)
        return self.answers.pop(0) if self.answers else response(200)


@asynccontextmanager
async def listening(port: int = 0) -> AsyncGenerator[LocalServer]:
    """Run a server, at a port where one was before if need be."""
    server = LocalServer(port=0)
    running = await asyncio.start_server(server.serve, "127.0.0.1", port)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        running.close()


def type_of(heard: Heard) -> str:
    """Return the type of the event in a request."""
    return msgspec.json.decode(heard.body)["type"]


def data_of(heard: Heard) -> Any:
    """Return what the event in a request tells."""
    return msgspec.json.decode(heard.body)["data"]


def id_of(heard: Heard) -> str:
    """Return the `webhook-id` of a request."""
    return heard.headers["webhook-id"]
