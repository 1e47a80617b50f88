"""Where the desk keeps what it knows.

A transaction is opened for a principal and sees that principal's organization only: no
repository has a method that takes an organization id, so no query can forget the tenant.
"""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.audit import FailedSignIn
from hexdesk.core.model.conversations import FoundConnection
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.identity import FoundApiKey, FoundRefreshToken, FoundUser
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.agent_records import AgentChecks, AgentLog, Agents
from hexdesk.core.ports.approval_records import Approvals
from hexdesk.core.ports.channel_records import (
    ChannelConnections,
    ChannelConversations,
    ChannelDeliveries,
    Inbounds,
)
from hexdesk.core.ports.chat_records import EventLog, Messages, Runs, Threads
from hexdesk.core.ports.desk_records import (
    Audit,
    Comments,
    IdempotencyKeys,
    Integrations,
    Tickets,
    ToolCalls,
)
from hexdesk.core.ports.file_records import AgentFiles, Files, FileTexts
from hexdesk.core.ports.identity_records import (
    ApiKeys,
    Organizations,
    RefreshTokens,
    Sessions,
    Users,
)
from hexdesk.core.ports.knowledge_records import Passages
from hexdesk.core.ports.task_records import Tasks
from hexdesk.core.ports.webhook_records import Deliveries


class Transaction(Protocol):
    """All or nothing: leaving without an error commits, an error rolls back.

    Every repository raises `NotFoundError` for what is not there, and `StorageUnavailableError`
    when the storage is gone.
    """

    organizations: Organizations
    users: Users
    sessions: Sessions
    refresh_tokens: RefreshTokens
    api_keys: ApiKeys
    agents: Agents
    agent_log: AgentLog
    agent_checks: AgentChecks
    threads: Threads
    messages: Messages
    runs: Runs
    event_log: EventLog
    approvals: Approvals
    tickets: Tickets
    comments: Comments
    integrations: Integrations
    deliveries: Deliveries
    channel_connections: ChannelConnections
    inbounds: Inbounds
    channel_conversations: ChannelConversations
    channel_deliveries: ChannelDeliveries
    audit: Audit
    idempotency_keys: IdempotencyKeys
    tool_calls: ToolCalls
    files: Files
    file_texts: FileTexts
    agent_files: AgentFiles
    passages: Passages
    tasks: Tasks


class Directory(Protocol):
    """What must be known before the organization is: ids, hashes and the organization, no more."""

    @abstractmethod
    async def user_by_email(self, email: str) -> FoundUser | None:
        """Find an active member by e-mail address, compared case-insensitively."""

    @abstractmethod
    async def refresh_token(self, token_hash: bytes) -> FoundRefreshToken | None:
        """Find a refresh token by its hash, spent ones too."""

    @abstractmethod
    async def api_key(self, key_hash: bytes) -> FoundApiKey | None:
        """Find an API key by its hash."""

    @abstractmethod
    async def connection(self, integration_id: UUID) -> FoundConnection | None:
        """Find a channel's connection that is switched on by its integration."""

    @abstractmethod
    async def connection_of(self, channel: str, account: str) -> FoundConnection | None:
        """Find a channel's connection that is switched on by its account's digest."""

    @abstractmethod
    async def note_failed_sign_in(self, failed: FailedSignIn) -> None:
        """Keep a failed sign-in that belongs to no organization."""


class Backlog(Protocol):
    """What waits for whoever has time: ids and their organization, of all organizations."""

    @abstractmethod
    async def abandoned_runs(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (run id, organization id) of running runs whose lease is over, oldest first."""

    @abstractmethod
    async def organizations_with_expired(self, kept_since: KeptSince, limit: int) -> Sequence[UUID]:
        """Return the ids of organizations that have something to forget, in no order."""

    @abstractmethod
    async def due_approvals(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (approval id, organization id) of approvals to see to, oldest first.

        Those that wait and whose time is over, and decided ones whose run has not begun and can:
        no person has the thread, and no run is running there.
        """

    @abstractmethod
    async def due_tasks(self, limit: int) -> Sequence[TaskHint]:
        """Return tasks to announce, those of the highest priority first, and note that they were.

        They are ready and were not announced lately, or their lease is over: also those without
        an attempt left, which are to be buried. One that is stored ready counts as announced by
        whoever stored it. Each task is returned to one of those that ask at once, and again
        after 10, 20, 40, 60, 60, … seconds for as long as nobody claims it.
        """

    @abstractmethod
    async def agents_to_check(self, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (agent id, organization id) of active agents not checked since, oldest first."""

    @abstractmethod
    async def idle_connections(
        self, channels: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID]]:
        """Return (integration id, organization id) of connections that nobody listens on.

        They are switched on and of one of the channels; those that wait for longest come first.
        """


class Storage(Protocol):
    """The durable home of every record."""

    @property
    @abstractmethod
    def directory(self) -> Directory:
        """Look-ups outside of any organization."""

    @property
    @abstractmethod
    def backlog(self) -> Backlog:
        """What waits to be done, in any organization."""

    @abstractmethod
    def transaction(self, who: Principal) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that sees the principal's organization only.

        Raise `StorageUnavailableError` on entering when the storage cannot be reached, and on
        leaving when the commit's outcome is unknown.
        """
