"""Deliveries to webhooks: what was sent, how that went, and sending it again."""

from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, DeliveryStatus, WebhookDelivery
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox

WEBHOOK = "webhook"
UNDER_WAY = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDeliveries:
    """Show what was sent to a webhook or into a channel, and how that went."""

    storage: Storage

    async def __call__(
        self, who: Principal, wanted: DeliveryFilter, part: Slice
    ) -> Page[WebhookDelivery]:
        """Return a part of the integration's deliveries."""
        require(who, Right.CHANGE_INTEGRATIONS)
        check_sort(WebhookDelivery, part.sort)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(wanted.integration_id)
            if integration.type == WEBHOOK:
                return await tx.deliveries.page(wanted, part)
            return await tx.channel_deliveries.page(wanted, part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver:
    """Have an event sent again, under the same `webhook-id`, however the last time went."""

    storage: Storage
    clock: Clock
    outbox: Outbox
    auditor: Auditor

    async def __call__(
        self, who: Principal, integration_id: UUID, delivery_id: UUID
    ) -> WebhookDelivery:
        """Return the delivery, which is on its way at once, with all its attempts before it.

        Raise `ConflictError` if the webhook is switched off.
        """
        require(who, Right.CHANGE_INTEGRATIONS)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(integration_id)
            # In the order in which whoever sends it locks them.
            task = await self._task(tx, (await tx.deliveries.get(delivery_id)).task_id)
            delivery = await tx.deliveries.get(delivery_id, lock=True)
            if delivery.integration_id != integration_id:
                raise NotFoundError(f"no delivery {delivery_id}")
            if not integration.is_active:
                raise ConflictError("the webhook is switched off: switch it on first")
            after = await self._send(tx, who, delivery, task)
            await tx.deliveries.update(after)
            await self.auditor.note(
                tx,
                who,
                "integration.redelivered",
                target=("integration", integration_id),
                delivery_id=str(delivery_id),
            )
        return after.shown()

    async def _task(self, tx: Transaction, task_id: UUID) -> Task | None:
        try:
            return await tx.tasks.get(task_id, lock=True)
        except NotFoundError:
            return None

    async def _send(
        self, tx: Transaction, who: Principal, delivery: Delivery, task: Task | None
    ) -> Delivery:
        now = self.clock.now()
        soon = replace(
            delivery,
            status=DeliveryStatus.PENDING,
            tries=0,
            next_attempt_at=now,
            delivered_at=None,
        )
        if task and task.id == delivery.task_id and task.status in UNDER_WAY:
            if task.status is TaskStatus.QUEUED:
                await tx.tasks.update(replace(task, ready_at=now))
            return soon
        anew = replace(soon, task_id=self.clock.new_id())
        await self.outbox.send(tx, who, anew)
        return anew
