"""The storage in PostgreSQL: one pool, and a transaction for each piece of work."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from hexdesk.adapters.storage.postgres.agent_records import (
    PostgresAgentChecks,
    PostgresAgentLog,
    PostgresAgents,
)
from hexdesk.adapters.storage.postgres.approval_records import PostgresApprovals
from hexdesk.adapters.storage.postgres.backlog import PostgresBacklog
from hexdesk.adapters.storage.postgres.channel_records import (
    PostgresChannelConnections,
    PostgresChannelConversations,
    PostgresChannelDeliveries,
    PostgresInbounds,
)
from hexdesk.adapters.storage.postgres.chat_records import (
    PostgresEventLog,
    PostgresMessages,
    PostgresRuns,
    PostgresThreads,
)
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.desk_records import (
    PostgresAudit,
    PostgresIdempotencyKeys,
    PostgresIntegrations,
    PostgresToolCalls,
)
from hexdesk.adapters.storage.postgres.directory import PostgresDirectory
from hexdesk.adapters.storage.postgres.file_records import (
    PostgresAgentFiles,
    PostgresFiles,
    PostgresFileTexts,
)
from hexdesk.adapters.storage.postgres.identity_records import (
    PostgresApiKeys,
    PostgresOrganizations,
    PostgresRefreshTokens,
    PostgresSessions,
    PostgresUsers,
)
from hexdesk.adapters.storage.postgres.knowledge_records import KEEPS_VECTORS, PostgresPassages
from hexdesk.adapters.storage.postgres.pool import Connections, PoolSettings, PoolUse
from hexdesk.adapters.storage.postgres.task_records import PostgresTasks
from hexdesk.adapters.storage.postgres.ticket_records import PostgresComments, PostgresTickets
from hexdesk.adapters.storage.postgres.webhook_records import PostgresDeliveries
from hexdesk.core.model.principals import Principal
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction

DEFAULT_SETTINGS = PoolSettings()


class PostgresTransaction(Transaction):
    """The repositories over one connection."""

    def __init__(self, bound: BoundConnection) -> None:
        self.organizations = PostgresOrganizations(bound)
        self.users = PostgresUsers(bound)
        self.sessions = PostgresSessions(bound)
        self.refresh_tokens = PostgresRefreshTokens(bound)
        self.api_keys = PostgresApiKeys(bound)
        self.agents = PostgresAgents(bound)
        self.agent_log = PostgresAgentLog(bound)
        self.agent_checks = PostgresAgentChecks(bound)
        self.threads = PostgresThreads(bound)
        self.messages = PostgresMessages(bound)
        self.runs = PostgresRuns(bound)
        self.event_log = PostgresEventLog(bound)
        self.approvals = PostgresApprovals(bound)
        self.tickets = PostgresTickets(bound)
        self.comments = PostgresComments(bound)
        self.integrations = PostgresIntegrations(bound)
        self.audit = PostgresAudit(bound)
        self.idempotency_keys = PostgresIdempotencyKeys(bound)
        self.tool_calls = PostgresToolCalls(bound)
        self.files = PostgresFiles(bound)
        self.file_texts = PostgresFileTexts(bound)
        self.agent_files = PostgresAgentFiles(bound)
        self.passages = PostgresPassages(bound)
        self.tasks = PostgresTasks(bound)
        self._open_what_goes_out(bound)

    def _open_what_goes_out(self, bound: BoundConnection) -> None:
        self.deliveries = PostgresDeliveries(bound)
        self.channel_connections = PostgresChannelConnections(bound)
        self.inbounds = PostgresInbounds(bound)
        self.channel_conversations = PostgresChannelConversations(bound)
        self.channel_deliveries = PostgresChannelDeliveries(bound)


class PostgresStorage(Storage):
    """Keeps every record in a PostgreSQL database whose schema is up to date."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._directory = PostgresDirectory(connections)
        self._backlog = PostgresBacklog(connections)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, settings: PoolSettings = DEFAULT_SETTINGS
    ) -> AsyncGenerator[Self]:
        """Connect as the application's role, and disconnect at the end."""
        async with Connections.open(url, settings) as connections:
            yield cls(connections)

    @property
    def directory(self) -> Directory:
        return self._directory

    @property
    def backlog(self) -> Backlog:
        return self._backlog

    @property
    def pool_use(self) -> PoolUse:
        """Return how many connections there are, and how many do nothing."""
        return self._connections.use

    async def ping(self) -> None:
        """Ask the database for a sign of life; raise `UnavailableError` if there is none."""
        await self._connections.run("SELECT")

    async def keeps_vectors(self) -> bool:
        """Tell whether the database has the extension that vectors need."""
        [[keeps_vectors]] = await self._connections.run(KEEPS_VECTORS)
        return keeps_vectors

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        async with self._connections.transaction(who.organization_id) as bound:
            yield PostgresTransaction(bound)
