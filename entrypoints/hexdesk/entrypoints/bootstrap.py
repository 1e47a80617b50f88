"""The composition root: the only place that names concrete adapters."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from pydantic_ai.models import Model
from starlette.types import ASGIApp

from hexdesk.adapters.agents.offline import OfflineModel
from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.cache.memory import MemoryCache
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.adapters.health.probes import CallProbe, StateProbe
from hexdesk.adapters.journal.file import FileJournal
from hexdesk.adapters.limits.memory import MemoryLimiter
from hexdesk.adapters.passwords.argon2 import Argon2Passwords
from hexdesk.adapters.storage.postgres.pool import PoolSettings
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.adapters.telemetry.prometheus import PrometheusTelemetry
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, over_http, within_process
from hexdesk.adapters.tools.mcp_server import (
    CallerVerifier,
    McpOptions,
    create_mcp_app,
    create_tool_server,
)
from hexdesk.adapters.vault.aead import AeadVault
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.tools.catalogue import catalogue
from hexdesk.entrypoints.ai_config import find_ai_config, read_ai_config
from hexdesk.entrypoints.settings import Settings, SettingsError
from hexdesk.entrypoints.version import VERSION

GRACE_SECONDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this process stands: its database, its secret, and a folder that lasts, if any."""

    database_url: str
    secret_key: str
    data_dir: Path
    offline_model: Callable[[], Model] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A desk with its surroundings, ready to be served."""

    desk: Desk
    telemetry: PrometheusTelemetry
    shelf: ModelShelf
    ai_config: AIConfig
    api: ASGIApp
    mcp: ASGIApp
    draining: asyncio.Event

    def model_in_use(self) -> str | None:
        """Name the model that answers for an agent for which nothing was decided, if one does."""
        settings = default_settings(self.ai_config)
        chain = self.shelf.chain(settings, inherits_model=True)
        return chain[0].name if chain else None


@asynccontextmanager
async def open_house(settings: Settings, place: Place) -> AsyncGenerator[House]:
    """Open everything that the desk needs, and close it again; runs end before the storage does."""
    ai_config = read_ai_config(find_ai_config(settings.ai_config), settings.environment)
    keys = _signing_keys(place.secret_key)
    clock = SystemClock()
    pool = PoolSettings(max_size=settings.database_pool)
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(PostgresStorage.open(place.database_url, pool))
        egress = HttpEgress(allow_private=settings.egress_allow_private)
        stack.push_async_callback(egress.aclose)
        access = McpToolAccess(timeout_seconds=settings.tool_timeout, breaker=Breaker())
        await stack.enter_async_context(access.running())
        journal = FileJournal(place.data_dir / "journal", AeadVault(keys.derive), clock)
        shelf = ModelShelf(
            models=ai_config.models, credentials=ai_config.providers, offline=place.offline_model
        )
        telemetry = PrometheusTelemetry(tools=catalogue(), models=_model_names(ai_config))
        ports = Ports(
            storage=storage,
            clock=clock,
            passwords=Argon2Passwords(),
            access_tokens=_access_tokens(keys, clock, settings, settings.public_url),
            capabilities=JwtCapabilities(
                keys, clock, api_url=settings.public_url, mcp_url=settings.mcp_public_url
            ),
            vault=AeadVault(keys.derive),
            egress=egress,
            limiter=MemoryLimiter(clock),
            cache=MemoryCache(clock),
            journal=journal,
            events=MemoryRunEvents(clock),
            telemetry=telemetry,
            runner=PydanticAIRunner(shelf=shelf, tools=access),
            probes=(
                CallProbe(name="database", call=storage.ping, is_vital=True),
                _tool_server_probe(settings.mcp_url),
                StateProbe(name="model", problem=lambda: _model_problem(shelf, ai_config)),
                StateProbe(name="journal", problem=journal.problem),
            ),
            ai_config=ai_config,
            settings=_desk_settings(settings),
        )
        desk = open_desk(ports)
        verifier = CallerVerifier(
            ports.capabilities,
            Authenticate(
                storage=storage,
                access_tokens=_access_tokens(keys, clock, settings, settings.mcp_public_url),
            ),
        )
        access.reach_by(
            over_http(settings.mcp_url, read_seconds=settings.tool_timeout)
            if settings.mcp_url
            else within_process(create_tool_server(desk), verifier)
        )
        draining = asyncio.Event()
        house = House(
            desk=desk,
            telemetry=telemetry,
            shelf=shelf,
            ai_config=ai_config,
            api=create_app(desk, _http_options(settings, telemetry, draining)),
            mcp=create_mcp_app(desk, verifier, McpOptions(public_url=settings.mcp_public_url)),
            draining=draining,
        )
        housekeeping = asyncio.create_task(desk.run_desk.keep_house(), name="housekeeping")
        try:
            yield house
        finally:
            draining.set()
            housekeeping.cancel()
            with suppress(asyncio.CancelledError):
                await housekeeping
            await desk.run_desk.drain(GRACE_SECONDS)
