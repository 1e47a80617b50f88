"""Serving ASGI applications in this process and this event loop, until a signal asks to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from hexdesk.entrypoints.loop import settle

STOP_SECONDS = 10
WATCH_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An application and where it is reached."""

    app: ASGIApp
    host: str
    port: int


async def serve(
    listeners: Sequence[Listener],
    *,
    draining: asyncio.Event,
    drain: Callable[[], Awaitable[None]],
    ready: Callable[[], None],
    is_needed: Callable[[], bool] = lambda: True,
) -> None:
    """Serve until SIGINT or SIGTERM, or until `is_needed` says no; requests under way may end.

    `draining` is set first, so that event streams end by themselves; `drain` ends what the other
    requests wait for. `ready` is called once connections are taken.
    """
    servers = [_server(one) for one in listeners]
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, draining.set)
    tasks = [asyncio.create_task(_run(server)) for server in servers]
    watch = asyncio.create_task(_watch(draining, is_needed))
    for one in listeners:
        await _answers(one, tasks)
    settle()
    ready()
    stopped = asyncio.create_task(draining.wait())
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    draining.set()
    watch.cancel()
    for server in servers:
        server.stop()
    await asyncio.gather(drain(), *tasks)


def _server(listener: Listener) -> Server:
    server = Server(
        listener.app,
        address=listener.host,
        port=listener.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
    )
    # Without it one request that does not end would keep the server up for ever.
    server.workers_kill_timeout = STOP_SECONDS
    return server


async def _run(server: Server) -> None:
    with suppress(TimeoutError):
        await server.serve()


async def _watch(draining: asyncio.Event, is_needed: Callable[[], bool]) -> None:
    while is_needed():
        with suppress(TimeoutError):
            await asyncio.wait_for(draining.wait(), WATCH_SECONDS)
            return
    draining.set()


async def _answers(listener: Listener, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Return when connections are taken, or the server has ended."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listener.host, listener.host)  # noqa: S104 - compared, not listened on
    while not any(task.done() for task in tasks):
        try:
            _, writer = await asyncio.open_connection(host, listener.port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
