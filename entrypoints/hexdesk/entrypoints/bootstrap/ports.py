"""Every port of the desk with its adapter."""

from dataclasses import dataclass

from hexdesk.adapters.agents.pydantic_ai import PydanticAIRunner
from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.adapters.health.probes import CallProbe, StateProbe
from hexdesk.adapters.journal.file import FileJournal
from hexdesk.adapters.passwords.argon2 import Argon2Passwords
from hexdesk.adapters.tokens.jwt import JwtCapabilities
from hexdesk.adapters.tools.mcp_attached import McpAttachedServers
from hexdesk.adapters.tools.mcp_client import McpToolAccess
from hexdesk.adapters.vault.aead import AeadVault
from hexdesk.core.desk import Ports
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.health import Probe
from hexdesk.core.ports.storage_backends import OpenedStorage
from hexdesk.entrypoints.bootstrap.files import FileStores
from hexdesk.entrypoints.bootstrap.knowledge import knowledge_probe
from hexdesk.entrypoints.bootstrap.shared import Shared
from hexdesk.entrypoints.bootstrap.site import Site
from hexdesk.entrypoints.bootstrap.tool_server_probe import tool_server_probe
from hexdesk.entrypoints.settings import Settings
from hexdesk.entrypoints.version import VERSION

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is opened before the desk, and closed after it."""

    storage: OpenedStorage
    egress: HttpEgress
    attached_servers: McpAttachedServers
    access: McpToolAccess
    shared: Shared
    files: FileStores
    embeddings: Embeddings | None


def ports_of(site: Site, opened: Opened) -> Ports:
    """Return every port with its adapter."""
    settings, clock, keys = site.settings, site.clock, site.keys
    storage, shared, files = opened.storage, opened.shared, opened.files
    vault = AeadVault(keys.derive)
    journal = FileJournal(site.place.data_dir / "journal", vault, clock)
    site.telemetry.watch_journal(journal.waiting)
    return Ports(
        storage=storage.storage,
        clock=clock,
        passwords=Argon2Passwords(),
        access_tokens=site.access_tokens(settings.public_url),
        capabilities=JwtCapabilities(
            keys, clock, api_url=settings.public_url, mcp_url=settings.mcp_public_url
        ),
        vault=vault,
        egress=opened.egress,
        attached_servers=opened.attached_servers,
        limiter=shared.limiter,
        cache=shared.cache,
        near_cache=shared.near_cache,
        journal=journal,
        events=shared.events,
        telemetry=site.telemetry,
        runner=PydanticAIRunner(shelf=site.shelf, tools=opened.access),
        embeddings=opened.embeddings,
        queue=shared.queue,
        blobs=files.blobs,
        extraction=files.extraction,
        probes=_probes(site, opened, journal),
        ai_config=site.ai_config,
        settings=_desk_settings(settings),
    )


def _probes(site: Site, opened: Opened, journal: FileJournal) -> tuple[Probe, ...]:
    storage, shared, files = opened.storage, opened.shared, opened.files
    return (
        CallProbe(name="database", call=storage.ping, is_vital=True),
        tool_server_probe(site.settings.mcp_url),
        StateProbe(name="model", problem=site.model_problem),
        StateProbe(name="journal", problem=journal.problem),
        *shared.probes,
        knowledge_probe(
            site.ai_config,
            storage.keeps_vectors,
            site.plugins.additions.embedding_providers,
            opened.embeddings,
        ),
        StateProbe(name="plugins", problem=site.plugin_faults),
        CallProbe(name="storage", call=files.blobs.ping, otherwise=HealthStatus.DEGRADED),
    )


def _desk_settings(settings: Settings) -> DeskSettings:
    return DeskSettings(
        version=VERSION,
        login_rate=settings.rate_limit_login,
        login_address_rate=settings.rate_limit_login_address,
        tool_timeout_seconds=settings.tool_timeout,
        most_file_bytes=settings.max_file_mb * MEGABYTE,
        most_runs=settings.most_runs,
        thread_wait_seconds=settings.thread_wait,
        run_lease_seconds=settings.run_lease,
        health_check_seconds=settings.health_check,
        caches_responses=settings.response_cache,
        channel_answers_per_hour=settings.channel_answers or None,
        channel_unproved_answers_per_hour=settings.channel_unproved_answers or None,
        slow_seconds=settings.slow_ms / 1000,
    )
