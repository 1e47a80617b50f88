"""The API on a real server, in a thread of its own, for clients that know no event loop."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from tests.e2e.http.house import House, a_house

PATIENCE_SECONDS = 20


class LiveHouse:
    """A house and the address of its API."""

    def __init__(self, **ports: Any) -> None:
        self.house: House
        self._ports = ports
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._loop: asyncio.AbstractEventLoop
        self._is_ready = Event()
        self._is_over: asyncio.Event
        self._thread = Thread(target=lambda: asyncio.run(self._run()))

    @property
    def url(self) -> str:
        """Return where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()
        assert self._is_ready.wait(PATIENCE_SECONDS), "the server did not start"

    def stop(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the server did not stop"

    async def _run(self) -> None:
        self._loop, self._is_over = asyncio.get_running_loop(), asyncio.Event()
        async with a_house(**self._ports) as self.house:
            server = Server(
                self.house.app,
                address="127.0.0.1",
                port=self.port,
                interface=Interfaces.ASGI,
                log_enabled=False,
                websockets=False,
            )
            serving = asyncio.create_task(server.serve())
            await self._answers()
            self._is_ready.set()
            await self._is_over.wait()
            server.stop()
            await serving

    async def _answers(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionError:
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    return


@contextmanager
def a_live_house(**ports: Any) -> Generator[LiveHouse]:
    """Serve a house with these ports until the block ends."""
    live = LiveHouse(**ports)
    live.start()
    try:
        yield live
    finally:
        live.stop()
