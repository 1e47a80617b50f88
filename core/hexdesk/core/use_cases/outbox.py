"""The outbox: what happened is told to webhooks, out of the transaction in which it happens."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from hexdesk.core.model.principals import Principal, System
from hexdesk.core.model.tasks import Task
from hexdesk.core.model.webhooks import Delivery, EventType
from hexdesk.core.policy.webhooks import event_body, wants
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Transaction

WEBHOOK_DELIVERY = "webhook_delivery"
PRIORITY = 3
# Only what takes its worker along uses these up: a receiver's refusals are counted elsewhere.
MOST_CRASHES = 5


class WebhookDeliveryData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which delivery is sent."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Writes down what webhooks are to be told, and the tasks that tell them.

    Both are part of the transaction that changes something: an event is sent if and only if what
    it tells of has been stored.
    """

    clock: Clock

    async def tell(
        self, tx: Transaction, who: Principal, event_type: EventType, data: msgspec.Struct
    ) -> None:
        """Have the webhooks that want this event told; `data` is what the API answers."""
        receivers = await tx.deliveries.receivers()
        wanting = [one for one in receivers if wants(one.events, event_type)]
        if not wanting:
            return
        now = self.clock.now()
        body = event_body(event_type, now, data)
        for receiver in wanting:
            delivery = Delivery(
                id=self.clock.new_id(),
                integration_id=receiver.integration_id,
                event_type=event_type,
                next_attempt_at=now,
                created_at=now,
                payload=body,
                task_id=self.clock.new_id(),
            )
            await self.send(tx, who, delivery)
            await tx.deliveries.add(delivery)

    async def send(self, tx: Transaction, who: Principal, delivery: Delivery) -> None:
        """Store the task that sends a delivery at once."""
        now = self.clock.now()
        task = Task(
            id=delivery.task_id,
            organization_id=who.organization_id,
            task_type=WEBHOOK_DELIVERY,
            task_data={"delivery_id": str(delivery.id)},
            priority=PRIORITY,
            max_attempts=MOST_CRASHES,
            created_at=now,
            principal=System(organization_id=who.organization_id),
            ready_at=now,
        )
        await tx.tasks.add(task)
