"""What is sent to webhooks, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.record_table import RecordTable
from hexdesk.adapters.storage.postgres.tables import DeliveryRow
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, Receiver, WebhookDelivery
from hexdesk.core.ports.webhook_records import Deliveries

DELIVERIES = RecordTable(Delivery, DeliveryRow, called="delivery")
SHOWN = RecordTable(WebhookDelivery, DeliveryRow, called="delivery")

# Locked, since a webhook that is removed at the same moment would be missed by the delivery that
# refers to it, and that would undo what the customer did.
RECEIVERS = """
    SELECT id, config -> 'events' FROM integrations WHERE type = 'webhook' AND is_active
    FOR KEY SHARE
"""
# What is sent is the largest part of the row, and never written again.
_LASTING = {"integration_id", "event_type", "payload"}
_changing = [name for name in DELIVERIES.changed if name not in _LASTING]
_changed_values = attrgetter("id", *_changing)
UPDATE = f"{DELIVERIES.update_of(*_changing)} WHERE id = $1"
# Whoever is at the same rows need not be waited for: what is old gets no younger.
FORGET = """
    DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM webhook_deliveries WHERE created_at < $1
        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
"""
_decode_events = msgspec.json.Decoder(tuple[str, ...]).decode


@dataclass(slots=True)
class PostgresDeliveries(Deliveries):
    """The deliveries of a transaction's organization."""

    bound: BoundConnection

    async def receivers(self) -> Sequence[Receiver]:
        return [
            Receiver(integration_id=key, events=_decode_events(events) if events else ())
            for key, events in await self.bound.rows(RECEIVERS)
        ]

    async def add(self, delivery: Delivery) -> None:
        await DELIVERIES.add(self.bound, delivery)

    async def get(self, delivery_id: UUID, *, lock: bool = False) -> Delivery:
        return await DELIVERIES.get(self.bound, delivery_id, lock=lock)

    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        conditions = Conditions()
        conditions.add("integration_id = {}", wanted.integration_id)
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("event_type = {}", wanted.event_type)
        return await SHOWN.page(self.bound, part, conditions)

    async def update(self, delivery: Delivery) -> None:
        if not await self.bound.change(UPDATE, *_changed_values(delivery)):
            raise DELIVERIES.not_found(delivery.id)

    async def forget(self, before: datetime) -> int:
        return await self.bound.change(FORGET, before)
