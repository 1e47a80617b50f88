"""Tables of tickets, integrations, the audit, and what was answered once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Computed, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    TenantRow,
    belongs_to,
    of_an_organization,
    one_of,
    refers_to,
)
from hexdesk.core.model.audit import ActorType, Outcome
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.model.tickets import AuthorType, Priority, TicketStatus


class TicketCounterRow(TenantRow):
    """The last ticket number of each organization; its lock keeps numbers without gaps."""

    __tablename__ = "ticket_counters"

    last_number: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (of_an_organization(),)


class TicketRow(IdentifiedRow):
    """Tickets."""

    __tablename__ = "tickets"

    number: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    priority: Mapped[str]
    category: Mapped[str | None]
    tags: Mapped[list[str]]
    assignee_id: Mapped[UUID | None]
    requester_email: Mapped[str | None]
    created_by_id: Mapped[UUID | None]
    source: Mapped[str]
    thread_id: Mapped[UUID | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    # A column, since a row-level policy keeps an index on an expression from being used.
    requester: Mapped[str | None] = mapped_column(
        Computed("lower(requester_email)", persisted=True)
    )
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', title), 'A')"
            " || setweight(to_tsvector('english', description), 'B')",
            persisted=True,
        ),
    )

    __table_args__ = (
        of_an_organization(),
        one_of("status", TicketStatus),
        one_of("priority", Priority),
        refers_to("users", "assignee_id"),
        refers_to("users", "created_by_id"),
        refers_to("threads", "thread_id"),
        UniqueConstraint("organization_id", "number"),
        Index("ix_tickets_created_at", "organization_id", "created_at", "id"),
        Index("ix_tickets_updated_at", "organization_id", "updated_at", "id"),
        Index("ix_tickets_status", "organization_id", "status", "created_at", "id"),
        Index("ix_tickets_priority", "organization_id", "priority", "created_at", "id"),
        Index("ix_tickets_category", "organization_id", "category", "created_at", "id"),
        Index("ix_tickets_assignee_id", "organization_id", "assignee_id", "created_at", "id"),
        Index("ix_tickets_requester", "organization_id", "requester", "created_at", "id"),
        Index("ix_tickets_created_by_id", "organization_id", "created_by_id"),
        Index("ix_tickets_thread_id", "organization_id", "thread_id"),
        Index("ix_tickets_search", "search", postgresql_using="gin"),
        Index("ix_tickets_tags", "tags", postgresql_using="gin"),
    )


class CommentRow(IdentifiedRow):
    """Remarks on tickets."""

    __tablename__ = "ticket_comments"

    ticket_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    author_type: Mapped[str]
    body: Mapped[str]
    internal: Mapped[bool]
    created_at: Mapped[datetime]
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('english', body)", persisted=True)
    )

    __table_args__ = (
        one_of("author_type", AuthorType),
        belongs_to("tickets", "ticket_id"),
        refers_to("users", "author_id"),
        Index("ix_ticket_comments_ticket_id", "organization_id", "ticket_id", "created_at", "id"),
        Index("ix_ticket_comments_author_id", "organization_id", "author_id"),
        Index("ix_ticket_comments_search", "search", postgresql_using="gin"),
    )


class IntegrationRow(IdentifiedRow):
    """Connected systems."""

    __tablename__ = "integrations"

    type: Mapped[str]
    name: Mapped[str]
    status: Mapped[str]
    is_active: Mapped[bool]
    config: Mapped[dict[str, Any]]
    last_checked_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        of_an_organization(),
        one_of("status", IntegrationStatus),
        Index("ix_integrations_created_at", "organization_id", "created_at", "id"),
        # Whoever has no webhook finds an empty index.
        Index(
            "ix_integrations_webhooks",
            "organization_id",
            postgresql_where=text("type = 'webhook' AND is_active"),
        ),
    )


class AuditEventRow(IdentifiedRow):
    """What was done and refused; the application can add to it and read it, nothing else."""

    __tablename__ = "audit_events"

    actor_type: Mapped[str]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    target_type: Mapped[str | None]
    target_id: Mapped[UUID | None]
    outcome: Mapped[str]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    once_key: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        of_an_organization(),
        one_of("actor_type", ActorType),
        one_of("outcome", Outcome),
        Index("ix_audit_events_created_at", "organization_id", "created_at", "id"),
        Index("ix_audit_events_action", "organization_id", "action", "created_at", "id"),
        Index("ix_audit_events_actor_id", "organization_id", "actor_id", "created_at", "id"),
        Index("ix_audit_events_target_id", "organization_id", "target_id", "created_at", "id"),
        Index("ix_audit_events_outcome", "organization_id", "outcome", "created_at", "id"),
        Index(
            "uq_audit_events_once_key",
            "organization_id",
            "once_key",
            unique=True,
            postgresql_where=text("once_key IS NOT NULL"),
        ),
    )


class IdempotencyKeyRow(TenantRow):
    """Answers already given."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    run_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (of_an_organization(),)


class ToolCallRow(TenantRow):
    """Results of tool calls, stored with their effects; a run is that of a message or a task."""

    __tablename__ = "tool_calls"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(primary_key=True)
    tool: Mapped[str]
    result: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), index=True)

    __table_args__ = (of_an_organization(),)
