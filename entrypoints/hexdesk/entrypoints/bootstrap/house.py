"""A desk with its surroundings: every port with its adapter."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from starlette.types import ASGIApp

from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.http.app import create_app
from hexdesk.adapters.http.options import HttpOptions, HttpRates
from hexdesk.adapters.telemetry.prometheus import PrometheusTelemetry
from hexdesk.adapters.tools.mcp_attached import McpAttachedServers
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, over_http, within_process
from hexdesk.adapters.tools.mcp_server import (
    CallerVerifier,
    McpOptions,
    create_mcp_app,
    create_tool_server,
)
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.use_cases.sessions import Authenticate
from hexdesk.entrypoints.ai_config import find_ai_config, read_ai_config
from hexdesk.entrypoints.bootstrap.database import backend_for
from hexdesk.entrypoints.bootstrap.files import open_files
from hexdesk.entrypoints.bootstrap.knowledge import open_embeddings
from hexdesk.entrypoints.bootstrap.plugins import act, load_installed_plugins
from hexdesk.entrypoints.bootstrap.ports import Opened, ports_of
from hexdesk.entrypoints.bootstrap.shared import Census, attending, open_shared
from hexdesk.entrypoints.bootstrap.site import Place, Site, default_settings
from hexdesk.entrypoints.settings import Settings
from hexdesk.entrypoints.version import VERSION

GRACE_SECONDS = 8
ATTACHED_SHARE = 0.9


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

    @asynccontextmanager
    async def working(self, concurrency: int, priorities: Sequence[int]) -> AsyncGenerator[None]:
        """Do tasks, so many at once, until this process drains; none if `concurrency` is 0."""
        doing = asyncio.create_task(self._work(concurrency, priorities), name="tasks")
        try:
            yield
        finally:
            self.draining.set()
            await doing

    async def _work(self, concurrency: int, priorities: Sequence[int]) -> None:
        desk = self.desk
        if concurrency == 0:
            return
        sweeping = asyncio.create_task(desk.task_desk.keep_house(), name="sweeping tasks")
        listening = asyncio.create_task(desk.channels.listen.keep_listening(), name="listening")
        try:
            async with desk.ports.queue.working(
                desk.task_desk.do, concurrency=concurrency, priorities=priorities
            ):
                await self.draining.wait()
        finally:
            for one in (sweeping, listening):
                one.cancel()
            await asyncio.gather(sweeping, listening, return_exceptions=True)

    def model_in_use(self) -> str | None:
        """Name the model that answers for an agent for which nothing was decided, if one does."""
        settings = default_settings(self.ai_config)
        chain = self.shelf.chain(settings, inherits_model=True)
        return chain[0].name if chain else None


@asynccontextmanager
async def open_house(settings: Settings, place: Place) -> AsyncGenerator[House]:
    """Open everything the desk needs, and close it again; runs end before the storage does."""
    ai_config = read_ai_config(find_ai_config(settings.ai_config), settings.environment)
    plugins = load_installed_plugins(settings)
    site = Site.of(settings, place, ai_config, plugins)
    backend = backend_for(place.database_url, plugins.additions)
    access = McpToolAccess(timeout_seconds=settings.tool_timeout, breaker=Breaker())
    async with (
        open_shared(settings.redis_url, site.clock) as shared,
        backend.open(place.database_url, connections=settings.database_pool) as storage,
        aclosing(HttpEgress(allow_private=settings.egress_allow_private)) as egress,
        _attached_servers(settings, egress).running() as attached_servers,
        open_files(settings, place.data_dir, plugins.additions.text_extractors) as files,
        open_embeddings(
            ai_config,
            plugins.additions.embedding_providers,
            is_strict=settings.strict_plugins,
        ) as embeddings,
        aclosing(site.shelf),
        access.running(),
        attending(shared.presence, *place.kinds),
    ):
        opened = Opened(
            storage=storage,
            egress=egress,
            attached_servers=attached_servers,
            access=access,
            shared=shared,
            files=files,
            embeddings=embeddings,
        )
        house = _house(site, opened)
        async with _at_work(house, Census(shared.presence), site, egress):
            yield house


@asynccontextmanager
async def _at_work(
    house: House, census: Census, site: Site, egress: HttpEgress
) -> AsyncGenerator[None]:
    """Do what goes on for as long as the house is open, and end its runs on leaving."""
    house.telemetry.watch_processes(census.count)
    housekeeping = _housekeeping(house.desk, census, does_runs=site.place.does_runs)
    site.failed_starts.extend(await act(site.plugins.starts, egress))
    try:
        yield
    finally:
        # Leases are still held while runs end.
        await house.drain()
        for task in housekeeping:
            task.cancel()
        await asyncio.gather(*housekeeping, return_exceptions=True)
        await act(site.plugins.stops, egress)


def _attached_servers(settings: Settings, egress: HttpEgress) -> McpAttachedServers:
    # A call ends a little before the tool server stops waiting, so that it can say why.
    seconds = settings.tool_timeout * ATTACHED_SHARE
    return McpAttachedServers(open_transport=egress.transport, new_rest=Breaker, seconds=seconds)


def _housekeeping(desk: Desk, census: Census, *, does_runs: bool) -> tuple[asyncio.Task[None], ...]:
    """Begin what goes on for as long as the house is open."""
    work = {
        "forgetting": desk.forget_expired.keep_forgetting,
        "census": census.keep_counting,
    }
    if does_runs:
        work["housekeeping"] = desk.run_desk.keep_house
        work["watching approvals"] = desk.people.watch_approvals.keep_watching
    return tuple(asyncio.create_task(begin(), name=name) for name, begin in work.items())


def _house(site: Site, opened: Opened) -> House:
    settings, telemetry = site.settings, site.telemetry
    storage, access = opened.storage.storage, opened.access
    desk = open_desk(ports_of(site, opened), additions=site.plugins.additions)
    authenticate = Authenticate(
        storage=storage, access_tokens=site.access_tokens(settings.mcp_public_url)
    )
    verifier = CallerVerifier(desk.ports.capabilities, authenticate)
    access.reach_by(
        over_http(settings.mcp_url)
        if settings.mcp_url
        else within_process(create_tool_server(desk), verifier)
    )
    connections = opened.storage.connections
    if connections is not None:
        telemetry.watch_pool(lambda: connections().size, lambda: connections().idle)
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


def _http_options(site: Site, draining: asyncio.Event) -> HttpOptions:
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
