"""Tables of what came and goes on channels."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import (
    IdentifiedRow,
    TenantRow,
    belongs_to,
    one_of,
)
from hexdesk.core.model.conversations import InboundStatus
from hexdesk.core.model.webhooks import DeliveryStatus

IS_PENDING = text("status = 'pending'")


class ChannelConnectionRow(TenantRow):
    """Integrations that are channels' connections, and who listens on them."""

    __tablename__ = "channel_connections"

    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    account: Mapped[str | None]
    key: Mapped[str]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]

    __table_args__ = (
        belongs_to("integrations", "integration_id"),
        # In all organizations: of an account there is one connection.
        Index(
            "uq_channel_connections_account",
            "channel",
            "account",
            unique=True,
            postgresql_where=text("account IS NOT NULL"),
        ),
        # The look-ups go through all organizations.
        Index("ix_channel_connections_integration_id", "integration_id"),
        Index("ix_channel_connections_lease_until", "channel", "lease_until"),
    )


class ChannelInboundRow(IdentifiedRow):
    """What came, as the channel read it."""

    __tablename__ = "channel_inbounds"

    integration_id: Mapped[UUID]
    channel: Mapped[str]
    dedupe_key: Mapped[str]
    order_key: Mapped[str]
    content: Mapped[dict[str, Any]]
    status: Mapped[str]
    note: Mapped[str | None]
    thread_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        one_of("status", InboundStatus),
        belongs_to("integrations", "integration_id"),
        belongs_to("threads", "thread_id"),
        UniqueConstraint("organization_id", "integration_id", "dedupe_key"),
        Index("ix_channel_inbounds_thread_id", "organization_id", "thread_id"),
        Index(
            "ix_channel_inbounds_order_key",
            "organization_id",
            "integration_id",
            "order_key",
            postgresql_where=IS_PENDING,
        ),
    )


class ChannelConversationRow(IdentifiedRow):
    """The other ends of threads."""

    __tablename__ = "channel_conversations"

    integration_id: Mapped[UUID]
    channel: Mapped[str]
    thread_id: Mapped[UUID]
    conversation_key: Mapped[str]
    recipient: Mapped[dict[str, Any]]
    subject: Mapped[str | None]
    reply_to: Mapped[str | None]
    hints: Mapped[dict[str, Any]]
    last_sequence: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        belongs_to("integrations", "integration_id"),
        belongs_to("threads", "thread_id"),
        UniqueConstraint("organization_id", "thread_id"),
        Index("ix_channel_conversations_integration_id", "organization_id", "integration_id"),
    )


class ConversationNameRow(TenantRow):
    """Digests of the names by which channels know conversations."""

    __tablename__ = "channel_conversation_names"

    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID]

    __table_args__ = (
        belongs_to("channel_conversations", "conversation_id"),
        Index(
            "ix_channel_conversation_names_conversation_id", "organization_id", "conversation_id"
        ),
    )


class ChannelDeliveryRow(IdentifiedRow):
    """Messages on their way out."""

    __tablename__ = "channel_deliveries"

    integration_id: Mapped[UUID]
    event_type: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    last_status_code: Mapped[int | None]
    last_error: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    attempt_log: Mapped[dict[str, Any]]
    payload: Mapped[bytes]
    # No foreign key: a task may be forgotten before what it did, and the other way round.
    task_id: Mapped[UUID]
    tries: Mapped[int]
    conversation_id: Mapped[UUID]
    message_id: Mapped[UUID]
    sequence: Mapped[int]
    external_id: Mapped[str | None]

    __table_args__ = (
        one_of("status", DeliveryStatus),
        belongs_to("channel_conversations", "conversation_id"),
        UniqueConstraint("organization_id", "conversation_id", "sequence"),
        Index(
            "ix_channel_deliveries_integration_id",
            "organization_id",
            "integration_id",
            "created_at",
            "id",
        ),
    )
