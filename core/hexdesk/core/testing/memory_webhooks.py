"""What is sent to webhooks, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.webhooks import (
    Delivery,
    DeliveryFilter,
    Receiver,
    WebhookDelivery,
)
from hexdesk.core.ports.webhook_records import Deliveries
from hexdesk.core.testing.memory_records import Draft, Records, found, page_of


@dataclass(frozen=True)
class MemoryDeliveries(Deliveries):
    """The deliveries in a draft."""

    draft: Draft

    async def receivers(self) -> Sequence[Receiver]:
        if not _receivers(self.draft.records):
            return ()
        return _receivers(await self.draft.to_write())

    async def add(self, delivery: Delivery) -> None:
        records = await self.draft.to_write()
        found(records.integrations, delivery.integration_id, "integration")
        records.deliveries[delivery.id] = delivery

    async def get(self, delivery_id: UUID, *, lock: bool = False) -> Delivery:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.deliveries, delivery_id, "delivery")

    async def page(self, wanted: DeliveryFilter, part: Slice) -> Page[WebhookDelivery]:
        deliveries = self.draft.records.deliveries.values()
        return page_of((one.shown() for one in deliveries if _fits(one, wanted)), part)

    async def update(self, delivery: Delivery) -> None:
        records = await self.draft.to_write()
        stored = found(records.deliveries, delivery.id, "delivery")
        records.deliveries[delivery.id] = replace(
            delivery,
            integration_id=stored.integration_id,
            event_type=stored.event_type,
            created_at=stored.created_at,
            payload=stored.payload,
        )

    async def forget(self, before: datetime) -> int:
        records = await self.draft.to_write()
        over = [key for key, one in records.deliveries.items() if one.created_at < before]
        for key in over:
            del records.deliveries[key]
        return len(over)


def _receivers(records: Records) -> list[Receiver]:
    return [
        Receiver(integration_id=one.id, events=tuple(one.config.get("events", ())))
        for one in records.integrations.values()
        if one.is_active and one.type == "webhook"
    ]


def _fits(delivery: Delivery, wanted: DeliveryFilter) -> bool:
    names = ("status", "event_type")
    return delivery.integration_id == wanted.integration_id and all(
        getattr(wanted, name) in (None, getattr(delivery, name)) for name in names
    )
