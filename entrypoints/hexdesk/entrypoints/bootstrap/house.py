"""A desk with its surroundings: every port with its adapter."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
from starlette.types import ASGIApp

from hexdesk.adapters.agents.offline import MODEL_NAME, OfflineModel
from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.health.probes import CallProbe, StateProbe
from hexdesk.adapters.http.app import create_app
from hexdesk.adapters.http.options import HttpOptions, HttpRates
from hexdesk.adapters.journal.file import FileJournal
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
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.tools.catalogue import catalogue
from hexdesk.core.use_cases.sessions import Authenticate
from hexdesk.entrypoints.ai_config import find_ai_config, read_ai_config
from hexdesk.entrypoints.bootstrap.shared import Census, Shared, attending, open_shared
from hexdesk.entrypoints.bootstrap.tool_server_probe import tool_server_probe
from hexdesk.entrypoints.settings import Settings, SettingsError
from hexdesk.entrypoints.version import VERSION

GRACE_SECONDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this process stands: its database, its secret, and a folder for what must last.

    On a laptop the offline model may stand in. Metrics are open where nobody else can ask. `kinds`
    is what this process is there for, as others see it.
    """

    database_url: str
    secret_key: str
    data_dir: Path
    is_laptop: bool = False
    are_metrics_open: bool = False
    kinds: tuple[ProcessKind, ...] = ()


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

    async def drain(self) -> None:
        """Take no more runs, and let these end for as long as a stop may take."""
        self.draining.set()
        await self.desk.run_desk.drain(GRACE_SECONDS)

    def model_in_use(self) -> str | None:
        """Name the model that answers for an agent for which nothing was decided, if one does."""
        settings = default_settings(self.ai_config)
        chain = self.shelf.chain(settings, inherits_model=True)
        return chain[0].name if chain else None


@asynccontextmanager
async def open_house(settings: Settings, place: Place) -> AsyncGenerator[House]:
    """Open everything the desk needs, and close it again; runs end before the storage does."""
    ai_config = read_ai_config(find_ai_config(settings.ai_config), settings.environment)
    site = _Site.of(settings, place, ai_config)
    pool = PoolSettings(max_size=settings.database_pool)
    access = McpToolAccess(timeout_seconds=settings.tool_timeout, breaker=Breaker())
    async with (
        open_shared(settings.redis_url, site.clock) as shared,
        PostgresStorage.open(place.database_url, pool) as storage,
        aclosing(HttpEgress(allow_private=settings.egress_allow_private)) as egress,
        aclosing(site.shelf),
        access.running(),
        attending(shared.presence, *place.kinds),
    ):
        house = _house(site, storage, egress, access, shared)
        census = Census(shared.presence)
        site.telemetry.watch_processes(census.count)
        run_desk = house.desk.run_desk
        housekeeping = (
            asyncio.create_task(run_desk.keep_house(), name="housekeeping"),
            asyncio.create_task(house.desk.forget_expired.keep_forgetting(), name="forgetting"),
            asyncio.create_task(census.keep_counting(), name="census"),
        )
        try:
            yield house
        finally:
            # Leases are still held while runs end.
            await house.drain()
            for task in housekeeping:
                task.cancel()
            await asyncio.gather(*housekeeping, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What is known before anything is opened."""

    settings: Settings
    place: Place
    ai_config: AIConfig
    keys: SigningKeys
    clock: SystemClock
    shelf: ModelShelf
    telemetry: PrometheusTelemetry

    @classmethod
    def of(cls, settings: Settings, place: Place, ai_config: AIConfig) -> "_Site":
        try:
            keys = SigningKeys(place.secret_key)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        return cls(
            settings=settings,
            place=place,
            ai_config=ai_config,
            keys=keys,
            clock=SystemClock(),
            shelf=ModelShelf(
                models=ai_config.models,
                credentials=ai_config.providers,
                offline=OfflineModel if place.is_laptop else None,
            ),
            telemetry=PrometheusTelemetry(tools=catalogue(), models=_model_names(ai_config)),
        )

    def access_tokens(self, audience: str) -> JwtAccessTokens:
        """Return the access tokens as the API or the tool server verifies them."""
        return JwtAccessTokens(
            self.keys,
            self.clock,
            api_url=self.settings.public_url,
            mcp_url=self.settings.mcp_public_url,
            audience=audience,
        )


def _house(
    site: _Site,
    storage: PostgresStorage,
    egress: HttpEgress,
    access: McpToolAccess,
    shared: Shared,
) -> House:
    settings, telemetry = site.settings, site.telemetry
    desk = open_desk(_ports(site, storage, egress, access, shared))
    authenticate = Authenticate(
        storage=storage, access_tokens=site.access_tokens(settings.mcp_public_url)
    )
    verifier = CallerVerifier(desk.ports.capabilities, authenticate)
    access.reach_by(
        over_http(settings.mcp_url)
        if settings.mcp_url
        else within_process(create_tool_server(desk), verifier)
    )
    telemetry.watch_pool(lambda: storage.pool_use.size, lambda: storage.pool_use.idle)
    draining = asyncio.Event()
    return House(
        desk=desk,
        telemetry=telemetry,
        shelf=site.shelf,
        ai_config=site.ai_config,
        api=cast("ASGIApp", create_app(desk, _http_options(site, draining))),
        mcp=create_mcp_app(desk, verifier, McpOptions(public_url=settings.mcp_public_url)),
        draining=draining,
    )


def _ports(
    site: _Site,
    storage: PostgresStorage,
    egress: HttpEgress,
    access: McpToolAccess,
    shared: Shared,
) -> Ports:
    settings, clock, keys = site.settings, site.clock, site.keys
    vault = AeadVault(keys.derive)
    journal = FileJournal(site.place.data_dir / "journal", vault, clock)
    site.telemetry.watch_journal(journal.waiting)
    return Ports(
        storage=storage,
        clock=clock,
        passwords=Argon2Passwords(),
        access_tokens=site.access_tokens(settings.public_url),
        capabilities=JwtCapabilities(
            keys, clock, api_url=settings.public_url, mcp_url=settings.mcp_public_url
        ),
        vault=vault,
        egress=egress,
        limiter=shared.limiter,
        cache=shared.cache,
        near_cache=shared.near_cache,
        journal=journal,
        events=shared.events,
        telemetry=site.telemetry,
        runner=PydanticAIRunner(shelf=site.shelf, tools=access),
        probes=(
            CallProbe(name="database", call=storage.ping, is_vital=True),
            tool_server_probe(settings.mcp_url),
            StateProbe(name="model", problem=lambda: _model_problem(site)),
            StateProbe(name="journal", problem=journal.problem),
            *shared.probes,
        ),
        ai_config=site.ai_config,
        settings=_desk_settings(settings),
    )


def default_settings(ai_config: AIConfig) -> AgentSettings:
    """Return the settings of an agent for which nothing was decided."""
    return msgspec.convert(ai_config.agent.decided(), AgentSettings)


def models_of(ai_config: AIConfig) -> tuple[str, ...]:
    """Name the models that can be asked, in order, for an agent for which nothing was decided."""
    shelf = ModelShelf(models=ai_config.models, credentials=ai_config.providers)
    chain = shelf.chain(default_settings(ai_config), inherits_model=True)
    return tuple(one.name for one in chain)


def _desk_settings(settings: Settings) -> DeskSettings:
    return DeskSettings(
        version=VERSION,
        login_rate=settings.rate_limit_login,
        login_address_rate=settings.rate_limit_login_address,
        tool_timeout_seconds=settings.tool_timeout,
        most_runs=settings.most_runs,
        thread_wait_seconds=settings.thread_wait,
        run_lease_seconds=settings.run_lease,
        caches_responses=settings.response_cache,
        slow_seconds=settings.slow_ms / 1000,
    )


def _http_options(site: _Site, draining: asyncio.Event) -> HttpOptions:
    settings, telemetry = site.settings, site.telemetry
    return HttpOptions(
        version=VERSION,
        public_url=settings.public_url,
        rates=HttpRates(
            user=settings.rate_limit_user,
            organization=settings.rate_limit_organization,
            address=settings.rate_limit_address,
            register=settings.rate_limit_register,
        ),
        draining=draining,
        trusted_proxies=settings.trusted_proxies,
        metrics=telemetry.render,
        are_metrics_open=site.place.are_metrics_open,
        metrics_token=settings.metrics_token,
        observe=telemetry.http_request,
        slow_seconds=settings.slow_ms / 1000,
    )


def _model_names(ai_config: AIConfig) -> set[str]:
    values = default_settings(ai_config)
    return {
        f"{values.model_provider}:{values.model_name}",
        MODEL_NAME,
        *map(str, ai_config.models.fallback),
    }


def _model_problem(site: _Site) -> str | None:
    if site.shelf.chain(default_settings(site.ai_config), inherits_model=True):
        return None
    return "no model can be asked: no provider in the chain is known and has a key"
