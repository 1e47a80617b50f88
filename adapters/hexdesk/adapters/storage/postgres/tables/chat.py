"""Tables of conversations and of the runs that answer them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    TenantRow,
    belongs_to,
    one_of,
    refers_to,
)
from hexdesk.core.model.chat import MessageRole, RunStatus, ThreadStatus

IS_RUNNING = text("status = 'running'")


class ThreadRow(IdentifiedRow):
    """Conversations; an agent that has some cannot be removed."""

    __tablename__ = "threads"

    agent_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    held_by_id: Mapped[UUID | None]
    title: Mapped[str | None]
    channel: Mapped[str]
    status: Mapped[str]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")  # SQLAlchemy has taken the name
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        one_of("status", ThreadStatus),
        belongs_to("agents", "agent_id", on_delete=None),
        refers_to("users", "user_id"),
        refers_to("users", "held_by_id"),
        Index("ix_threads_created_at", "organization_id", "created_at", "id"),
        Index("ix_threads_updated_at", "organization_id", "updated_at", "id"),
        Index("ix_threads_agent_id", "organization_id", "agent_id"),
        Index("ix_threads_user_id", "organization_id", "user_id", "created_at", "id"),
        Index("ix_threads_held_by_id", "organization_id", "held_by_id"),
    )


class MessageRow(IdentifiedRow):
    """What was said."""

    __tablename__ = "messages"

    thread_id: Mapped[UUID]
    run_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    role: Mapped[str]
    content: Mapped[str]
    attachments: Mapped[list[UUID]]
    citations: Mapped[dict[str, Any]]
    tool_calls: Mapped[dict[str, Any]]
    confidence_score: Mapped[float | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        one_of("role", MessageRole),
        belongs_to("threads", "thread_id"),
        refers_to("users", "user_id"),
        Index("ix_messages_thread_id", "organization_id", "thread_id", "created_at", "id"),
        Index("ix_messages_user_id", "organization_id", "user_id"),
    )


class RunRow(IdentifiedRow):
    """Work that answers a message; one at a time to a thread."""

    __tablename__ = "runs"

    thread_id: Mapped[UUID]
    agent_id: Mapped[UUID]
    user_message_id: Mapped[UUID]
    principal: Mapped[dict[str, Any]]
    settings: Mapped[dict[str, Any]]
    status: Mapped[str]
    lease_token: Mapped[UUID]
    lease_until: Mapped[datetime]
    steps: Mapped[bytes | None]
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # Once its events are forgotten, a run is no longer looked at.
    keeps_events: Mapped[bool] = mapped_column(server_default=text("true"))
    approval_id: Mapped[UUID | None]

    __table_args__ = (
        one_of("status", RunStatus),
        belongs_to("threads", "thread_id"),
        Index("ix_runs_thread_id", "organization_id", "thread_id"),
        Index(
            "uq_runs_running",
            "organization_id",
            "thread_id",
            unique=True,
            postgresql_where=IS_RUNNING,
        ),
        # The look-up of abandoned runs goes through all organizations.
        Index("ix_runs_lease_until", "lease_until", postgresql_where=IS_RUNNING),
        # As does the look-up of what has expired, here and in other tables.
        Index(
            "ix_runs_keeps_events",
            "created_at",
            postgresql_where=text("keeps_events AND status <> 'running'"),
        ),
    )


class RunEventRow(TenantRow):
    """The events of a run's stream, as they were sent."""

    __tablename__ = "run_events"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str]
    # Not jsonb: it would change the order and the spaces of what a client has seen.
    data: Mapped[bytes]

    __table_args__ = (belongs_to("runs", "run_id"),)
