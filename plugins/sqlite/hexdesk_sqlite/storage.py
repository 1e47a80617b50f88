"""The storage in SQLite: one file, and a transaction for each piece of work."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from hexdesk.core import ConnectionUse, Principal
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction
from hexdesk_sqlite.agent_records import (
    SqliteAgentChecks,
    SqliteAgentLog,
    SqliteAgents,
)
from hexdesk_sqlite.approval_records import SqliteApprovals
from hexdesk_sqlite.attached_records import SqliteAttachedTools
from hexdesk_sqlite.backlog import SqliteBacklog
from hexdesk_sqlite.channel_records import (
    SqliteChannelConnections,
    SqliteChannelConversations,
    SqliteChannelDeliveries,
    SqliteInbounds,
)
from hexdesk_sqlite.chat_records import (
    SqliteEventLog,
    SqliteMessages,
    SqliteRuns,
    SqliteThreads,
)
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.connections import Connections, Patience
from hexdesk_sqlite.desk_records import (
    SqliteAudit,
    SqliteIdempotencyKeys,
    SqliteIntegrations,
    SqliteToolCalls,
)
from hexdesk_sqlite.directory import SqliteDirectory
from hexdesk_sqlite.file_records import (
    SqliteAgentFiles,
    SqliteFiles,
    SqliteFileTexts,
)
from hexdesk_sqlite.identity_records import (
    SqliteApiKeys,
    SqliteOrganizations,
    SqliteRefreshTokens,
    SqliteSessions,
    SqliteUsers,
)
from hexdesk_sqlite.knowledge_records import SqlitePassages
from hexdesk_sqlite.task_records import SqliteTasks
from hexdesk_sqlite.ticket_records import SqliteComments, SqliteTickets
from hexdesk_sqlite.webhook_records import SqliteDeliveries

USUAL_PATIENCE = Patience()


class SqliteTransaction(Transaction):
    """The repositories over one connection."""

    def __init__(self, bound: BoundConnection) -> None:
        self.organizations = SqliteOrganizations(bound)
        self.users = SqliteUsers(bound)
        self.sessions = SqliteSessions(bound)
        self.refresh_tokens = SqliteRefreshTokens(bound)
        self.api_keys = SqliteApiKeys(bound)
        self.agents = SqliteAgents(bound)
        self.agent_log = SqliteAgentLog(bound)
        self.agent_checks = SqliteAgentChecks(bound)
        self.threads = SqliteThreads(bound)
        self.messages = SqliteMessages(bound)
        self.runs = SqliteRuns(bound)
        self.event_log = SqliteEventLog(bound)
        self.approvals = SqliteApprovals(bound)
        self.tickets = SqliteTickets(bound)
        self.comments = SqliteComments(bound)
        self.integrations = SqliteIntegrations(bound)
        self.audit = SqliteAudit(bound)
        self.idempotency_keys = SqliteIdempotencyKeys(bound)
        self.tool_calls = SqliteToolCalls(bound)
        self.files = SqliteFiles(bound)
        self.file_texts = SqliteFileTexts(bound)
        self.agent_files = SqliteAgentFiles(bound)
        self.passages = SqlitePassages(bound)
        self.tasks = SqliteTasks(bound)
        self._open_what_goes_out(bound)

    def _open_what_goes_out(self, bound: BoundConnection) -> None:
        self.attached_tools = SqliteAttachedTools(bound)
        self.deliveries = SqliteDeliveries(bound)
        self.channel_connections = SqliteChannelConnections(bound)
        self.inbounds = SqliteInbounds(bound)
        self.channel_conversations = SqliteChannelConversations(bound)
        self.channel_deliveries = SqliteChannelDeliveries(bound)


class SqliteStorage(Storage):
    """Keeps every record in a SQLite file whose schema is up to date."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._directory = SqliteDirectory(connections)
        self._backlog = SqliteBacklog(connections)

    @classmethod
    @asynccontextmanager
    async def open(cls, file: Path, patience: Patience = USUAL_PATIENCE) -> AsyncGenerator[Self]:
        """Be ready to use the file, and let go of it at the end."""
        async with Connections.open(file, patience) as connections:
            yield cls(connections)

    @property
    def directory(self) -> Directory:
        return self._directory

    @property
    def backlog(self) -> Backlog:
        return self._backlog

    @property
    def use(self) -> ConnectionUse:
        """Return how many connections there are, and how many do nothing."""
        return self._connections.use

    async def ping(self) -> None:
        """Read from the file; raise `UnavailableError` if that cannot be done."""
        await self._connections.run("SELECT count(*) FROM main.organizations WHERE id = ''")

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        async with self._connections.transaction(who.organization_id) as bound:
            yield SqliteTransaction(bound)
