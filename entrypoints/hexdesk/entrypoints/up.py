"""Everything on one machine: one process, beside the database's own."""

import shlex
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.model.tasks import ALL_PRIORITIES
from hexdesk.entrypoints import loop
from hexdesk.entrypoints.bootstrap.database import operators_database, prepare_embedded
from hexdesk.entrypoints.bootstrap.embedded import EmbeddedPostgres, EmbeddedPostgresError
from hexdesk.entrypoints.bootstrap.house import House, open_house
from hexdesk.entrypoints.bootstrap.logs import configure as configure_logs
from hexdesk.entrypoints.bootstrap.site import Place
from hexdesk.entrypoints.demo import ensure_demo
from hexdesk.entrypoints.demo_access import DemoAccess
from hexdesk.entrypoints.listening import http_address, is_loopback
from hexdesk.entrypoints.secret_file import secret_key
from hexdesk.entrypoints.serve import Listener, serve
from hexdesk.entrypoints.served_at import keep_api_url
from hexdesk.entrypoints.settings import Settings


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    data_dir: Path
    host: str
    port: int
    mcp_port: int
    has_demo: bool
    started_at: float


def run(settings: Settings, wish: Wish, postgres: EmbeddedPostgres | None) -> None:
    """Serve until a signal asks to stop; the embedded database, if any, is on its way already."""
    configure_logs("WARNING" if settings.log_level == "INFO" else settings.log_level, json=True)
    database_url = prepare_embedded(postgres) if postgres else operators_database(settings)
    place = Place(
        database_url=database_url,
        secret_key=settings.secret_key or secret_key(wish.data_dir),
        data_dir=wish.data_dir,
        is_laptop=True,
        are_metrics_open=is_loopback(wish.host),
        kinds=tuple(ProcessKind),
    )
    loop.run(_serve(_at(settings, wish), place, wish, postgres))


def _at(settings: Settings, wish: Wish) -> Settings:
    """Return the settings with the addresses that `up` really listens on, unless they are told."""
    told = settings.environment
    changes: dict[str, str] = {}
    if not told.get("HEXDESK_PUBLIC_URL"):
        changes["public_url"] = http_address(wish.host, wish.port)
    if not told.get("HEXDESK_MCP_PUBLIC_URL"):
        changes["mcp_public_url"] = f"{http_address(wish.host, wish.mcp_port)}/mcp"
    return msgspec.structs.replace(settings, **changes)


async def _serve(
    settings: Settings, place: Place, wish: Wish, postgres: EmbeddedPostgres | None
) -> None:
    async with (
        open_house(settings, place) as house,
        house.working(settings.worker_concurrency, ALL_PRIORITIES),
    ):
        demo = await ensure_demo(house.desk, wish.data_dir) if wish.has_demo else None
        keep_api_url(http_address(wish.host, wish.port), wish.data_dir)
        await serve(
            (
                Listener(app=house.api, host=wish.host, port=wish.port),
                Listener(app=house.mcp, host=wish.host, port=wish.mcp_port),
            ),
            draining=house.draining,
            drain=house.drain,
            ready=lambda: _welcome(settings, wish, house, demo),
            is_needed=lambda: postgres is None or postgres.is_running,
        )
        if postgres and not postgres.is_running:
            raise EmbeddedPostgresError(f"the database stopped, see {postgres.log}")


def _welcome(
    settings: Settings, wish: Wish, house: House, demo: tuple[DemoAccess, bool] | None
) -> None:
    rows = Table.grid(padding=(0, 2))
    rows.add_row("API", settings.public_url)
    rows.add_row("Reference", f"{settings.public_url}/docs")
    rows.add_row("MCP", settings.mcp_public_url)
    rows.add_row("Health", f"{settings.public_url}/health")
    rows.add_row("Model", _model_line(house))
    if demo:
        access, is_new = demo
        rows.add_row("Demo sign-in", f"{access.email}  {access.password}")
        rows.add_row("", "made for this machine just now" if is_new else "welcome back")
    rows.add_row("Data", str(wish.data_dir))
    seconds = time.monotonic() - wish.started_at
    console = Console()
    console.print(Panel(rows, title=f"hexdesk is ready ({seconds:.1f} s)", expand=False))
    console.print(_next_steps(settings, wish), highlight=False, soft_wrap=True)


def _next_steps(settings: Settings, wish: Wish) -> str:
    """Return commands that work as they stand, wherever the data is."""
    told = settings.environment
    command = "uv run hexdesk" if told.get("UV") else "hexdesk"
    is_found = told.get("HEXDESK_DATA_DIR") or wish.data_dir == Path(".hexdesk").resolve()
    where = "" if is_found else f" --data-dir {shlex.quote(str(wish.data_dir))}"
    steps = {
        f"{command} doctor{where}": "see what is configured and what works",
    }
    if wish.has_demo:
        steps = {
            f"{command} chat{where}": "talk to the demo agent: “Create a test ticket”",
            **steps,
        }
    width = max(map(len, steps))
    lines = (f"  {step:<{width}}   {meaning}" for step, meaning in steps.items())
    return "\n".join(("Next, in another terminal:", *lines, "Ctrl-C stops everything."))


def _model_line(house: House) -> str:
    model = house.model_in_use()
    if model is None:
        return "none: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own"
    if model.startswith("hexdesk-offline"):
        return f"{model}: built in, follows rules; set OPENAI_API_KEY for one that reasons"
    return f"{model}: its provider is set up"
