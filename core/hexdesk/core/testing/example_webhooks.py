"""Deliveries for tests, with what the test does not care about filled in."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.webhooks import Delivery
from hexdesk.core.testing import examples


def a_delivery(integration_id: UUID, **changes: Any) -> Delivery:
    """Return a delivery that waits for its first attempt."""
    key = examples.new_id()
    made = Delivery(
        id=key,
        integration_id=integration_id,
        event_type="ticket.created",
        next_attempt_at=examples.NOON,
        created_at=examples.NOON,
        payload=b'{"type":"ticket.created"}',
        task_id=key,
    )
    return replace(made, **changes)
