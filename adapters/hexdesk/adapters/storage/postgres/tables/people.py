"""Tables of what waits for people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    belongs_to,
    one_of,
    refers_to,
)
from hexdesk.core.model.approvals import ApprovalStatus


class ApprovalRow(IdentifiedRow):
    """Calls that wait, or waited, for a person; the exact call is sealed."""

    __tablename__ = "approvals"

    thread_id: Mapped[UUID]
    run_id: Mapped[UUID]
    agent_id: Mapped[UUID]
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    arguments_hash: Mapped[str]
    status: Mapped[str]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    resumed_run_id: Mapped[UUID | None]
    call_id: Mapped[str]
    schema_hash: Mapped[str]
    note: Mapped[str | None]
    sealed: Mapped[bytes]

    __table_args__ = (
        one_of("status", ApprovalStatus),
        belongs_to("threads", "thread_id"),
        belongs_to("runs", "run_id"),
        refers_to("users", "decided_by_id"),
        UniqueConstraint("organization_id", "run_id", "call_id"),
        Index("ix_approvals_thread_id", "organization_id", "thread_id", "created_at", "id"),
        Index("ix_approvals_created_at", "organization_id", "created_at", "id"),
        Index("ix_approvals_decided_by_id", "organization_id", "decided_by_id"),
        # The look-up of what is due goes through all organizations.
        Index("ix_approvals_expires_at", "expires_at", postgresql_where=text("status = 'pending'")),
        Index(
            "ix_approvals_decided_at",
            "decided_at",
            postgresql_where=text("resumed_run_id IS NULL AND status IN ('approved', 'denied')"),
        ),
    )
