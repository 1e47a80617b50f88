"""A storage that keeps everything in memory and behaves as a real one does."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hexdesk.core.model.audit import FailedSignIn
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.conversations import FoundConnection
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.identity import FoundApiKey, FoundRefreshToken, FoundUser
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction
from hexdesk.core.testing.memory_agents import MemoryAgentChecks, MemoryAgentLog, MemoryAgents
from hexdesk.core.testing.memory_approvals import MemoryApprovals, due_approvals
from hexdesk.core.testing.memory_attached import MemoryAttachedTools
from hexdesk.core.testing.memory_channels import (
    MemoryChannelConnections,
    MemoryChannelConversations,
    MemoryChannelDeliveries,
    MemoryInbounds,
    connections_of,
    idle_connections,
)
from hexdesk.core.testing.memory_chat import (
    MemoryEventLog,
    MemoryMessages,
    MemoryRuns,
    MemoryThreads,
    runs_to_forget,
)
from hexdesk.core.testing.memory_desk import (
    MemoryAudit,
    MemoryIdempotencyKeys,
    MemoryIntegrations,
    MemoryToolCalls,
)
from hexdesk.core.testing.memory_files import MemoryAgentFiles, MemoryFiles, MemoryFileTexts
from hexdesk.core.testing.memory_identity import (
    MemoryApiKeys,
    MemoryOrganizations,
    MemoryRefreshTokens,
    MemorySessions,
    MemoryUsers,
)
from hexdesk.core.testing.memory_knowledge import MemoryPassages
from hexdesk.core.testing.memory_records import Draft, Installation, Records
from hexdesk.core.testing.memory_tasks import MemoryTasks, announce_due
from hexdesk.core.testing.memory_tickets import MemoryComments, MemoryTickets
from hexdesk.core.testing.memory_webhooks import MemoryDeliveries

NEVER = datetime.min.replace(tzinfo=UTC)


class MemoryTransaction(Transaction):
    """The repositories over one draft."""

    def __init__(self, draft: Draft) -> None:
        self.organizations = MemoryOrganizations(draft)
        self.users = MemoryUsers(draft)
        self.sessions = MemorySessions(draft)
        self.refresh_tokens = MemoryRefreshTokens(draft)
        self.api_keys = MemoryApiKeys(draft)
        self.agents = MemoryAgents(draft)
        self.agent_log = MemoryAgentLog(draft)
        self.agent_checks = MemoryAgentChecks(draft)
        self.threads = MemoryThreads(draft)
        self.messages = MemoryMessages(draft)
        self.runs = MemoryRuns(draft)
        self.event_log = MemoryEventLog(draft)
        self.approvals = MemoryApprovals(draft)
        self.tickets = MemoryTickets(draft)
        self.comments = MemoryComments(draft)
        self.integrations = MemoryIntegrations(draft)
        self.audit = MemoryAudit(draft)
        self.idempotency_keys = MemoryIdempotencyKeys(draft)
        self.tool_calls = MemoryToolCalls(draft)
        self.files = MemoryFiles(draft)
        self.file_texts = MemoryFileTexts(draft)
        self.agent_files = MemoryAgentFiles(draft)
        self.passages = MemoryPassages(draft)
        self.tasks = MemoryTasks(draft)
        self._open_what_goes_out(draft)

    def _open_what_goes_out(self, draft: Draft) -> None:
        self.attached_tools = MemoryAttachedTools(draft)
        self.deliveries = MemoryDeliveries(draft)
        self.channel_connections = MemoryChannelConnections(draft)
        self.inbounds = MemoryInbounds(draft)
        self.channel_conversations = MemoryChannelConversations(draft)
        self.channel_deliveries = MemoryChannelDeliveries(draft)


@dataclass(frozen=True)
class MemoryDirectory(Directory):
    """Looks through the records of every organization."""

    installation: Installation

    async def user_by_email(self, email: str) -> FoundUser | None:
        self.installation.reach()
        for organization_id, records in self.installation.records.items():
            for user in records.users.values():
                if user.is_active and user.email.lower() == email.lower():
                    return FoundUser(
                        user_id=user.id,
                        organization_id=organization_id,
                        password_hash=records.password_hashes[user.id],
                    )
        return None

    async def refresh_token(self, token_hash: bytes) -> FoundRefreshToken | None:
        self.installation.reach()
        for organization_id, records in self.installation.records.items():
            for token in records.refresh_tokens.values():
                if token.token_hash == token_hash:
                    return FoundRefreshToken(
                        token_id=token.id,
                        session_id=token.session_id,
                        organization_id=organization_id,
                    )
        return None

    async def api_key(self, key_hash: bytes) -> FoundApiKey | None:
        self.installation.reach()
        for organization_id, records in self.installation.records.items():
            if key_hash in records.key_hashes:
                return FoundApiKey(
                    api_key_id=records.key_hashes[key_hash], organization_id=organization_id
                )
        return None

    async def connection(self, integration_id: UUID) -> FoundConnection | None:
        self.installation.reach()
        for found, _ in connections_of(self.installation):
            if found.integration_id == integration_id:
                return found
        return None

    async def connection_of(self, channel: str, account: str) -> FoundConnection | None:
        self.installation.reach()
        for found, kept in connections_of(self.installation):
            if (found.channel, kept.account) == (channel, account):
                return found
        return None

    async def note_failed_sign_in(self, failed: FailedSignIn) -> None:
        self.installation.reach()
        self.installation.failed_sign_ins.append(failed)


@dataclass(frozen=True)
class MemoryBacklog(Backlog):
    """Looks through the records of every organization."""

    installation: Installation

    async def abandoned_runs(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        self.installation.reach()
        now = self.installation.clock.now()
        abandoned = sorted(
            (run.lease_until, run.id, organization_id)
            for organization_id, records in self.installation.records.items()
            for run in records.runs.values()
            if run.status is RunStatus.RUNNING and run.lease_until <= now
        )
        return [(run_id, organization_id) for _, run_id, organization_id in abandoned[:limit]]

    async def organizations_with_expired(self, kept_since: KeptSince, limit: int) -> Sequence[UUID]:
        self.installation.reach()
        organizations = self.installation.records.items()
        return [key for key, records in organizations if _has_expired(records, kept_since)][:limit]

    async def due_approvals(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        self.installation.reach()
        now = self.installation.clock.now()
        due = sorted(
            (since, approval_id, organization_id)
            for organization_id, records in self.installation.records.items()
            for since, approval_id in due_approvals(records, now)
        )
        return [(approval_id, organization_id) for _, approval_id, organization_id in due[:limit]]

    async def due_tasks(self, limit: int) -> Sequence[TaskHint]:
        self.installation.reach()
        return await announce_due(self.installation, limit)

    async def agents_to_check(self, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
        self.installation.reach()
        unchecked = sorted(
            (records.checked_at.get(agent.id, NEVER), agent.id, organization_id)
            for organization_id, records in self.installation.records.items()
            for agent in records.agents.values()
            if agent.is_active and records.checked_at.get(agent.id, NEVER) < before
        )
        return [(agent_id, organization_id) for _, agent_id, organization_id in unchecked[:limit]]

    async def idle_connections(
        self, channels: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID]]:
        self.installation.reach()
        return idle_connections(self.installation, channels)[:limit]


def _has_expired(records: Records, kept_since: KeptSince) -> bool:
    tokens, answers = records.refresh_tokens.values(), records.answers.values()
    return (
        bool(runs_to_forget(records, kept_since.events))
        or any(answer.created_at < kept_since.answers for answer in answers)
        or any(token.expires_at < kept_since.refresh_tokens for token in tokens)
        or any(one.created_at < kept_since.deliveries for one in records.deliveries.values())
        or any(called_at < kept_since.tool_calls for called_at in records.called_at.values())
    )


class MemoryStorage(Storage):
    """Keeps records for as long as it lives.

    `is_down = True` makes it unreachable; `failed_sign_ins` are those that belong to nobody. A
    transaction that waits for another longer than `patience_seconds` gives up with `BusyError`.
    Whoever inherits may `keep` what is committed elsewhere, too, and begin with its `records`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        patience_seconds: float = 5,
        records: Mapping[UUID, Records] | None = None,
    ) -> None:
        self._installation = Installation(clock, patience_seconds, self.keep)
        self._installation.records.update(records or {})
        self._directory = MemoryDirectory(self._installation)
        self._backlog = MemoryBacklog(self._installation)
        self._at_work: set[asyncio.Task[Any] | None] = set()

    @property
    def directory(self) -> Directory:
        return self._directory

    @property
    def backlog(self) -> Backlog:
        return self._backlog

    @property
    def failed_sign_ins(self) -> Sequence[FailedSignIn]:
        """Return the failed sign-ins that belong to no organization."""
        return tuple(self._installation.failed_sign_ins)

    @property
    def is_down(self) -> bool:
        """Tell whether the storage is unreachable."""
        return self._installation.is_down

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        self._installation.is_down = is_down

    def keep(self, organization_id: UUID, records: Records) -> Records:
        """Return what is to be seen of what a transaction has written; raise to take it back."""
        return records

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        task = asyncio.current_task()
        if task in self._at_work:
            # With a real pool this works until two callers need the last two connections.
            raise RuntimeError("a transaction is open already: transactions are not nested")
        self._installation.reach()
        draft = Draft(self._installation, who.organization_id)
        self._at_work.add(task)
        try:
            yield MemoryTransaction(draft)
            draft.commit()
        finally:
            self._at_work.discard(task)
            draft.end()
