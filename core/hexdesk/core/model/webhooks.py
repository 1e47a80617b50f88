"""Webhooks: what other systems are told of, and how telling them went."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """What happens at the desk that other systems can be told of."""

    TICKET_CREATED = "ticket.created"
    TICKET_UPDATED = "ticket.updated"
    TICKET_STATUS_CHANGED = "ticket.status_changed"
    TICKET_ASSIGNED = "ticket.assigned"
    TICKET_DELETED = "ticket.deleted"
    TICKET_COMMENTED = "ticket.commented"
    THREAD_CREATED = "thread.created"
    THREAD_MESSAGE = "thread.message"
    THREAD_UPDATED = "thread.updated"
    THREAD_CLOSED = "thread.closed"
    THREAD_DELETED = "thread.deleted"


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is switched on: `events` are the names and patterns it asked for."""

    integration_id: UUID
    events: tuple[str, ...] = ()


class DeliveryStatus(StrEnum):
    """How far a delivery is; the last three are final, unless somebody has it sent again.

    `delivery_unknown` is one that was given up, and of which an attempt may have arrived.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DELIVERY_UNKNOWN = "delivery_unknown"


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what was answered, or why nothing was.

    `is_unknown` says that the event may have arrived all the same.
    """

    at: datetime
    status_code: int | None = None
    error: str | None = None
    is_unknown: bool = False


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to one webhook, as it is shown; `id` is its `webhook-id`.

    `attempts` counts all, `attempt_log` holds the newest of them, oldest first.
    """

    id: UUID
    integration_id: UUID
    event_type: str
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    last_status_code: int | None = None
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    created_at: datetime
    delivered_at: datetime | None = None
    attempt_log: tuple[DeliveryAttempt, ...] = ()


class Delivery(WebhookDelivery, frozen=True, kw_only=True):
    """A delivery with what is sent, byte for byte, and the task that sends it.

    `tries` are the attempts since somebody last asked for it to be sent.
    """

    payload: bytes
    task_id: UUID
    tries: int = 0

    def shown(self) -> WebhookDelivery:
        """Return what may be shown of it."""
        names = WebhookDelivery.__struct_fields__
        return WebhookDelivery(**{name: getattr(self, name) for name in names})


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries are asked for; what is None does not matter."""

    integration_id: UUID
    status: DeliveryStatus | None = None
    event_type: str | None = None
