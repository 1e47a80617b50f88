"""Tables of agents and of what they did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    of_an_organization,
    one_of,
    refers_to,
)
from hexdesk.core.model.agents import AgentStatus, HistoryAction, ToolUseStatus


class AgentRow(IdentifiedRow):
    """Agents: a column for each setting, NULL where it is inherited."""

    __tablename__ = "agents"

    name: Mapped[str | None]
    agent_type: Mapped[str | None]
    role: Mapped[str | None]
    prompt: Mapped[str | None]
    model_provider: Mapped[str | None]
    model_name: Mapped[str | None]
    temperature: Mapped[float | None]
    max_tokens: Mapped[int | None]
    timeout: Mapped[float | None]
    mcp_enabled: Mapped[bool | None]
    tools_enabled: Mapped[list[str] | None]
    require_approval: Mapped[list[str] | None]
    tone: Mapped[str | None]
    communication_style: Mapped[str | None]
    use_streaming: Mapped[bool | None]
    response_length: Mapped[str | None]
    memory_retention: Mapped[int | None]
    max_context_size: Mapped[int | None]
    max_iterations: Mapped[int | None]
    timeout_seconds: Mapped[float | None]
    configuration: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    status: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # Not NULL before the first check, so that a comparison and the index find those too.
    checked_at: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))

    __table_args__ = (
        of_an_organization(),
        one_of("status", AgentStatus),
        Index("ix_agents_created_at", "organization_id", "created_at", "id"),
        # The look-up of whom to check goes through all organizations.
        Index("ix_agents_checked_at", "checked_at", postgresql_where=text("is_active")),
    )


class AgentHistoryRow(IdentifiedRow):
    """Changes of agents; they outlive the agent, so nothing ties them to it."""

    __tablename__ = "agent_history"

    agent_id: Mapped[UUID]
    changed_by_id: Mapped[UUID | None]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        one_of("action", HistoryAction),
        refers_to("users", "changed_by_id"),
        Index("ix_agent_history_agent_id", "organization_id", "agent_id", "created_at", "id"),
        Index("ix_agent_history_changed_by_id", "organization_id", "changed_by_id"),
    )


class AgentActionRow(IdentifiedRow):
    """Tool calls of agents; they outlive the agent and the run."""

    __tablename__ = "agent_actions"

    agent_id: Mapped[UUID]
    run_id: Mapped[UUID]
    call_id: Mapped[str]
    thread_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    status: Mapped[str]
    error: Mapped[str | None]
    duration_ms: Mapped[float]
    created_at: Mapped[datetime]

    __table_args__ = (
        one_of("status", ToolUseStatus),
        refers_to("threads", "thread_id"),
        refers_to("users", "user_id"),
        UniqueConstraint("organization_id", "run_id", "call_id"),
        Index("ix_agent_actions_agent_id", "organization_id", "agent_id", "created_at", "id"),
        Index("ix_agent_actions_thread_id", "organization_id", "thread_id"),
        Index("ix_agent_actions_user_id", "organization_id", "user_id"),
    )
