"""An ASGI application on a loopback port, served as `hexdesk up` serves it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

START_SECONDS = 10
STOP_SECONDS = 1


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncGenerator[str]:
    """Serve the application and yield its address, `http://127.0.0.1:…`."""
    port = port or free_port()
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
    )
    server.workers_kill_timeout = STOP_SECONDS
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(START_SECONDS):
            await _answers(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        with suppress(TimeoutError):
            await task


async def _answers(port: int) -> None:
    """Return when connections are taken; nothing tells us, so try."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return
