"""The API, the tool server and workers as processes of their own, on a PostgreSQL server."""

import asyncio
import logging
import signal
import tempfile
from pathlib import Path

import msgspec

from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.model.tasks import ALL_PRIORITIES
from hexdesk.entrypoints import loop
from hexdesk.entrypoints.bootstrap.database import operators_database
from hexdesk.entrypoints.bootstrap.house import open_house
from hexdesk.entrypoints.bootstrap.logs import configure as configure_logs
from hexdesk.entrypoints.bootstrap.site import Place
from hexdesk.entrypoints.serve import Listener, serve
from hexdesk.entrypoints.settings import Settings, needed_secret_key

log = logging.getLogger("hexdesk.start")


class WorkerWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked of a worker."""

    concurrency: int
    priorities: tuple[int, ...]


def run_api(settings: Settings, host: str, port: int) -> None:
    """Serve the HTTP API until a signal asks to stop."""
    loop.run(_serve_api(settings, _place(settings, ProcessKind.API), host, port))


def run_mcp(settings: Settings, host: str, port: int) -> None:
    """Serve the tool server until a signal asks to stop."""
    loop.run(_serve_mcp(settings, _place(settings, ProcessKind.MCP), host, port))


def run_worker(settings: Settings, wish: WorkerWish) -> None:
    """Do tasks until a signal asks to stop."""
    loop.run(_serve_worker(settings, _place(settings, ProcessKind.WORKER), wish))


async def _serve_api(settings: Settings, place: Place, host: str, port: int) -> None:
    # Where nothing could tell workers of tasks, there are none but this process.
    concurrency = 0 if settings.redis_url else settings.worker_concurrency
    async with (
        open_house(settings, place) as house,
        house.working(concurrency, ALL_PRIORITIES),
    ):
        await serve(
            (Listener(app=house.api, host=host, port=port),),
            draining=house.draining,
            drain=house.drain,
            ready=lambda: log.info("api ready", extra={"host": host, "port": port}),
        )


async def _serve_mcp(settings: Settings, place: Place, host: str, port: int) -> None:
    # One set of variables serves both processes, and this one need not look for itself.
    settings = msgspec.structs.replace(settings, mcp_url=None)
    async with open_house(settings, place) as house:
        await serve(
            (Listener(app=house.mcp, host=host, port=port),),
            draining=house.draining,
            drain=house.drain,
            ready=lambda: log.info("mcp ready", extra={"host": host, "port": port}),
        )


async def _serve_worker(settings: Settings, place: Place, wish: WorkerWish) -> None:
    async with (
        open_house(settings, place) as house,
        house.working(wish.concurrency, wish.priorities),
    ):
        loop_here = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop_here.add_signal_handler(name, house.draining.set)
        log.info("worker ready", extra={"concurrency": wish.concurrency})
        await house.draining.wait()
        # Runs that were taken over here end beside the tasks, so that a stop takes no longer.
        await house.drain()


def _place(settings: Settings, kind: ProcessKind) -> Place:
    configure_logs(settings.log_level, json=True)
    if settings.storage_url is None and kind is not ProcessKind.MCP:
        log.warning(
            "HEXDESK_STORAGE_URL is not set: files are kept in a folder of this process's own,"
            " where no other process finds them"
        )
    return Place(
        database_url=operators_database(settings),
        secret_key=needed_secret_key(settings),
        data_dir=_data_dir(settings),
        kinds=(kind,),
    )


def _data_dir(settings: Settings) -> Path:
    if settings.data_dir:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return settings.data_dir
    log.warning(
        "HEXDESK_DATA_DIR is not set: no promise that answers the database cannot take"
        " outlive a restart"
    )
    return Path(tempfile.mkdtemp(prefix="hexdesk-"))
