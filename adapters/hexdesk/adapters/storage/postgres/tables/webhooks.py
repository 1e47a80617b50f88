"""Tables of what is sent to webhooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hexdesk.adapters.storage.postgres.tables.tenancy import IdentifiedRow, belongs_to, one_of
from hexdesk.core.model.webhooks import DeliveryStatus


class DeliveryRow(IdentifiedRow):
    """Events on their way to webhooks."""

    __tablename__ = "webhook_deliveries"

    integration_id: Mapped[UUID]
    event_type: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    last_status_code: Mapped[int | None]
    last_error: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    delivered_at: Mapped[datetime | None]
    # A bounded few: they are read with their delivery, and never alone.
    attempt_log: Mapped[dict[str, Any]]
    payload: Mapped[bytes]
    # No foreign key: a task may be forgotten before what it did, and the other way round.
    task_id: Mapped[UUID]
    tries: Mapped[int]

    __table_args__ = (
        one_of("status", DeliveryStatus),
        belongs_to("integrations", "integration_id"),
        Index(
            "ix_webhook_deliveries_integration_id",
            "organization_id",
            "integration_id",
            "created_at",
            "id",
        ),
    )
