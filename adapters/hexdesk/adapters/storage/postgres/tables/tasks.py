"""The table of tasks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    of_an_organization,
    one_of,
    refers_to,
)
from hexdesk.core.model.tasks import TaskStatus


class AgentTaskRow(IdentifiedRow):
    """Work that nobody waits for; the row is the truth, and queues carry hints of it."""

    __tablename__ = "agent_tasks"

    agent_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID | None]
    task_type: Mapped[str]
    task_data: Mapped[dict[str, Any]]
    status: Mapped[str]
    progress: Mapped[float]
    priority: Mapped[int]
    scheduled_at: Mapped[datetime | None]
    attempts: Mapped[int]
    max_attempts: Mapped[int]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    principal: Mapped[dict[str, Any]]
    ready_at: Mapped[datetime]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    steps: Mapped[bytes | None]
    dedupe_key: Mapped[str | None]
    # When workers are to hear of it next, and how often they did without claiming it.
    announce_at: Mapped[datetime]
    announcements: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        of_an_organization(),
        one_of("status", TaskStatus),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        refers_to("agents", "agent_id"),
        refers_to("users", "created_by_id"),
        Index("ix_agent_tasks_created_at", "organization_id", "created_at", "id"),
        Index("ix_agent_tasks_status", "organization_id", "status", "created_at", "id"),
        Index("ix_agent_tasks_agent_id", "organization_id", "agent_id", "created_at", "id"),
        Index(
            "ix_agent_tasks_created_by_id", "organization_id", "created_by_id", "created_at", "id"
        ),
        Index(
            "uq_agent_tasks_dedupe_key",
            "organization_id",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL"),
        ),
        # The look-up of what is due goes through all organizations, and past what has ended.
        Index(
            "ix_agent_tasks_due",
            "priority",
            "announce_at",
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )
