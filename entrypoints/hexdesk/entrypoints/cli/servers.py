"""Commands that start servers: everything on one machine, the API alone, the tool server alone."""

import re
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
import msgspec

from hexdesk.entrypoints.bootstrap.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    owner_of,
)
from hexdesk.entrypoints.listening import PortTakenError, refuse_taken
from hexdesk.entrypoints.served_at import kept_api_url
from hexdesk.entrypoints.settings import (
    Settings,
    SettingsError,
    needed_database_url,
    needed_redis_url,
    needed_secret_key,
    read_settings_here,
)

LOOPBACK = "127.0.0.1"
DEFAULT_DATA_DIR = Path(".hexdesk")
PORT = click.IntRange(1, 65535)
PRIORITIES = re.compile(r"(?P<first>[0-9])(-(?P<last>[0-9]))?")


STRICT_PLUGINS = click.option(
    "--strict-plugins", is_flag=True, help="Refuse to start while a plugin is broken."
)


class AlreadyUpError(Exception):
    """Another `up` has the data; the message says which and what to do."""


MENDABLE = (AlreadyUpError, EmbeddedPostgresError, PortTakenError, SettingsError)


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="HEXDESK_DATA_DIR",
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Where everything is kept.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Where to listen.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="The API's port.")
@click.option(
    "--mcp-port", type=PORT, default=8001, show_default=True, help="The tool server's port."
)
@click.option("--no-demo", is_flag=True, help="Make no demo organization.")
@STRICT_PLUGINS
def up(
    data_dir: Path, host: str, port: int, mcp_port: int, *, no_demo: bool, strict_plugins: bool
) -> None:
    """Start everything on this machine, and stop it on Ctrl-C."""
    started_at = time.monotonic()
    with _told_in_words():
        settings = _as_strict(read_settings_here(), strict_plugins)
        folder = data_dir.expanduser().resolve()
        _refuse_second(folder)
        refuse_taken(host, port, "--port")
        refuse_taken(host, mcp_port, "--mcp-port")
        if port == mcp_port:
            raise PortTakenError(f"the API is to have port {port}: choose another with --mcp-port")
        _make(folder)
        own = None if settings.database_url else EmbeddedPostgres(folder / "postgres")
        with own or nullcontext() as postgres:
            # Seconds of imports, while the database starts.
            from hexdesk.entrypoints.up import Wish, run

            wish = Wish(
                data_dir=folder,
                host=host,
                port=port,
                mcp_port=mcp_port,
                has_demo=not no_demo,
                started_at=started_at,
            )
            run(settings, wish, postgres)


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Where to listen.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="The port.")
@STRICT_PLUGINS
def api(host: str, port: int, *, strict_plugins: bool) -> None:
    """Start the HTTP API on a PostgreSQL server of your own."""
    with _told_in_words():
        settings = _as_strict(_server_settings(), strict_plugins)
        refuse_taken(host, port, "--port")
        from hexdesk.entrypoints.apart import run_api

        run_api(settings, host, port)


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Where to listen.")
@click.option("--port", type=PORT, default=8001, show_default=True, help="The port.")
@STRICT_PLUGINS
def mcp(host: str, port: int, *, strict_plugins: bool) -> None:
    """Start the tool server (MCP) on a PostgreSQL server of your own."""
    with _told_in_words():
        settings = _as_strict(_server_settings(), strict_plugins)
        refuse_taken(host, port, "--port")
        from hexdesk.entrypoints.apart import run_mcp

        run_mcp(settings, host, port)


class Priorities(click.ParamType[tuple[int, ...]]):
    """Priorities as `0-4`, `7` or `0,2-4`."""

    name = "priorities"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return them, the highest first."""
        found: set[int] = set()
        for part in str(value).split(","):
            asked = PRIORITIES.fullmatch(part.strip())
            if asked is None or (asked["last"] and asked["last"] < asked["first"]):
                self.fail(f"{value!r} is not like 0-4, 7 or 0,2-4", param, ctx)
            first = int(asked["first"])
            found.update(range(first, int(asked["last"] or first) + 1))
        return tuple(sorted(found))


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    help="How many tasks at once.",
)
@click.option(
    "--queues",
    type=Priorities(),
    default="0-9",
    show_default=True,
    help="Which priorities, 0 the highest.",
)
@STRICT_PLUGINS
def worker(concurrency: int, queues: tuple[int, ...], *, strict_plugins: bool) -> None:
    """Do tasks, told of them by a Redis or Valkey server."""
    with _told_in_words():
        settings = _as_strict(_server_settings(), strict_plugins)
        needed_redis_url(settings)
        from hexdesk.entrypoints.apart import WorkerWish, run_worker

        run_worker(settings, WorkerWish(concurrency=concurrency, priorities=queues))


def _server_settings() -> Settings:
    """Return the settings, if they have what no server of its own can do without."""
    settings = read_settings_here()
    # Here as well, since a mistake should be told before seconds of imports.
    needed_secret_key(settings)
    needed_database_url(settings)
    return settings


def _as_strict(settings: Settings, strict: bool) -> Settings:  # noqa: FBT001 - a switch it is
    return msgspec.structs.replace(settings, strict_plugins=True) if strict else settings


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"cannot make {str(folder)!r}: {reason}: choose another folder with --data-dir"
        ) from error


def _refuse_second(folder: Path) -> None:
    owner = owner_of(folder / "postgres")
    if owner is not None:
        raise AlreadyUpError(
            f"hexdesk is up on {str(folder)!r} already, as process {owner}, at"
            f" {kept_api_url(folder)}: stop it, or choose another --data-dir and other ports"
        )


@contextmanager
def _told_in_words() -> Generator[None]:
    """Turn what an operator can mend into a sentence, and an interrupt into a clean end."""
    for name in (signal.SIGINT, signal.SIGTERM):
        # A shell's background job inherits SIGINT ignored; then Python would install no handler.
        signal.signal(name, signal.default_int_handler)
    try:
        yield
    except MENDABLE as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
