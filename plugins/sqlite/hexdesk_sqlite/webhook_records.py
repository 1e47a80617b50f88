"""What is sent to webhooks, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, Receiver, WebhookDelivery
from hexdesk.core.ports.webhook_records import Deliveries
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

DELIVERIES = RecordTable(Delivery, "webhook_deliveries", called="delivery")
SHOWN = RecordTable(WebhookDelivery, "webhook_deliveries", called="delivery")

RECEIVERS = """
    SELECT id, config -> '$.events' FROM integrations WHERE type = 'webhook' AND is_active
"""
# What is sent is the largest part of the row, and never written again.
_LASTING = {"integration_id", "event_type", "payload"}
_changing = [name for name in DELIVERIES.changed if name not in _LASTING]
UPDATE = f"{DELIVERIES.update_of(*_changing)} AND id = ?1"
FORGET = f"""
    DELETE FROM main.webhook_deliveries WHERE {OURS} AND id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < ?1 ORDER BY created_at LIMIT 1000
    )
"""  # noqa: S608  words of ours
_decode_events = msgspec.json.Decoder(tuple[str, ...]).decode


@dataclass(slots=True)
class SqliteDeliveries(Deliveries):
    """The deliveries of a transaction's organization."""

    bound: BoundConnection

    async def receivers(self) -> Sequence[Receiver]:
        if await self.bound.row(RECEIVERS) is None:
            return ()
        # A webhook that is removed at the same moment would be missed by the delivery that refers
        # to it, and that would undo what the customer did.
        await self.bound.lock()
        return [
            Receiver(integration_id=UUID(key), events=_decode_events(events) if events else ())
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
        if not await self.bound.change(
            UPDATE, delivery.id, *DELIVERIES.values_of(delivery, _changing)
        ):
            raise DELIVERIES.not_found(delivery.id)

    async def forget(self, before: datetime) -> int:
        return await self.bound.change(FORGET, before)
