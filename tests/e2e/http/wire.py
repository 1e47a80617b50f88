"""One request over ASGI, driven by hand: what comes is seen as it comes, and one can hang up."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar

PATIENCE_SECONDS = 5


class Beginning(bytes):
    """The beginning of a body, whose rest never comes."""


class Wire:
    """An open request."""

    def __init__(self, app: Litestar, scope: dict[str, Any], body: bytes) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._app = cast("Any", app)
        self._scope = scope
        self._body = body
        self._is_sent = False
        self._hung_up = asyncio.Event()
        self._started = asyncio.Event()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Send the request, and wait for the head of the answer."""
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._started.wait()

    async def chunk(self) -> str:
        """Return what comes next; nothing at the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self._chunks.get()).decode()

    async def until(self, text: str) -> str:
        """Return what comes up to the first chunk with the text."""
        seen = ""
        while text not in seen:
            chunk = await self.chunk()
            assert chunk, f"ended before {text!r}: {seen}"
            seen += chunk
        return seen

    async def rest(self) -> str:
        """Return what comes until the end."""
        seen = ""
        while chunk := await self.chunk():
            seen += chunk
        return seen

    async def hang_up(self) -> None:
        """Go away, and wait until the application has noticed."""
        self._hung_up.set()
        if self._task:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._task

    async def _receive(self) -> dict[str, Any]:
        if self._is_sent:
            await self._hung_up.wait()
            return {"type": "http.disconnect"}
        self._is_sent = True
        more_body = self._hung_up.is_set()
        return {"type": "http.request", "body": self._body, "more_body": more_body}

    def break_off(self) -> None:
        """Hang up before all of the body has come."""
        self._hung_up.set()

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
        else:
            if message["body"]:
                self._chunks.put_nowait(message["body"])
            if not message.get("more_body"):
                self._chunks.put_nowait(b"")


@asynccontextmanager
async def a_wire(
    app: Litestar, method: str, path: str, headers: Mapping[str, str], body: bytes | Beginning = b""
) -> AsyncGenerator[Wire]:
    """Open a request, and hang up in the end, or when no more of the body comes."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("desk.test", 80),
    }
    wire = Wire(app, scope, bytes(body))
    if isinstance(body, Beginning):
        wire.break_off()
    await wire.open()
    yield wire
    await wire.hang_up()
