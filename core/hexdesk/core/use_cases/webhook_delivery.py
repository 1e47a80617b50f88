"""Sending a delivery: a task that tries until the event has arrived, or for hours."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    EgressRefusedError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    TaskFailedError,
    UnavailableError,
)
from hexdesk.core.model.integrations import Integration, IntegrationStatus
from hexdesk.core.model.principals import System
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.model.webhooks import Delivery, DeliveryAttempt, DeliveryStatus
from hexdesk.core.policy.deliveries import (
    GONE,
    answered,
    delivered,
    given_up,
    lost,
    next_attempt_at,
    tried,
)
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.integration_types import IntegrationTypes, Webhook
from hexdesk.core.use_cases.outbox import PRIORITY, WEBHOOK_DELIVERY, WebhookDeliveryData
from hexdesk.core.use_cases.task_types import Store, TaskEnd, TaskType, TaskWork

log = logging.getLogger("hexdesk.webhooks")
# How an integration is, is written down when it changes, and now and then.
CHECKED_FOR = timedelta(minutes=1)
SWITCHED_OFF = "the webhook is switched off"
CANCELLED = "it was cancelled"
FORGOTTEN = TaskEnd(result={"status": "forgotten"})
"""Of a delivery that is no more, or that another task sends by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What is known after an attempt: those before it that were lost, and what to do next."""

    integration: Integration
    all: Sequence[DeliveryAttempt]
    retry_after: str | None = None

    @property
    def last(self) -> DeliveryAttempt:
        """The attempt itself."""
        return self.all[-1]

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.last.status_code == GONE


@dataclass(frozen=True, kw_only=True)
class SendDelivery(TaskType):
    """Send an event to a webhook, under the same `webhook-id` however often.

    Pauses between attempts are the delivery's own and come by beginning the task anew, so the
    task's attempts count nothing but processes that ended while they sent.
    """

    storage: Storage
    clock: Clock
    types: IntegrationTypes
    webhook: Webhook
    auditor: Auditor
    name: str = WEBHOOK_DELIVERY
    data: type[msgspec.Struct] = WebhookDeliveryData
    right: Right | None = None
    endurance: Endurance = Endurance(time_limit=60)
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        task, delivery_id = work.task, work.data.delivery_id
        who = System(organization_id=task.organization_id)
        try:
            async with self.storage.transaction(who) as tx:
                delivery = await tx.deliveries.get(delivery_id)
                integration = await tx.integrations.get(delivery.integration_id)
        except NotFoundError:
            return FORGOTTEN
        if delivery.task_id != task.id:
            return FORGOTTEN
        if not integration.is_active:
            raise TaskFailedError(SWITCHED_OFF)
        # No transaction is open while the other side thinks about it.
        attempt = await self._send(delivery, integration, task)
        last = attempt.last
        if last.error is not None:
            return await self._failed(who, delivery, attempt, _chance(task))
        store = self._storing(who, delivery_id, attempt, lambda one: delivered(one, last.at))
        return TaskEnd(result={"status_code": last.status_code}, store=store)

    async def give_up(self, tx: Transaction, task: Task) -> None:
        data = msgspec.convert(task.task_data, WebhookDeliveryData)
        try:
            delivery = await tx.deliveries.get(data.delivery_id, lock=True)
        except NotFoundError:
            return
        if delivery.task_id != task.id or delivery.status is not DeliveryStatus.PENDING:
            return
        await tx.deliveries.update(given_up(self._last_word(delivery, task)))

    def _last_word(self, delivery: Delivery, task: Task) -> Delivery:
        # Whoever made the last attempt there is has said so, and how it went.
        if delivery.next_attempt_at is None:
            return delivery
        untold = task.attempts - 1 if task.error == SWITCHED_OFF else task.attempts
        if untold:
            return tried(delivery, *(lost(self.clock.now()) for _ in range(untold)))
        return replace(delivery, last_error=task.error or CANCELLED)

    async def _send(self, delivery: Delivery, integration: Integration, task: Task) -> _Attempt:
        retry_after = None
        before = [lost(self.clock.now()) for _ in range(task.attempts - 1)]
        try:
            config = self.types.opened(integration.type, integration.config)
            answer = await self.webhook.send(config, delivery.id, delivery.payload)
        except OutcomeUnknownError as error:
            now = self.clock.now()
            last = DeliveryAttempt(at=now, error=str(error), is_unknown=True)
        except (EgressRefusedError, InvalidError, UnavailableError, ValueError) as error:
            last = DeliveryAttempt(at=self.clock.now(), error=str(error))
        else:
            last = answered(self.clock.now(), answer.status_code)
            retry_after = answer.headers.get("retry-after")
        return _Attempt(integration=integration, all=(*before, last), retry_after=retry_after)

    async def _failed(
        self, who: System, delivery: Delivery, attempt: _Attempt, chance: float
    ) -> TaskEnd:
        last, now = attempt.last, attempt.last.at
        tries = tried(delivery, *attempt.all)
        again_at = next_attempt_at(tries, now, attempt.retry_after, chance)
        if attempt.is_gone:
            again_at = None
        # Pending also if the task of one that was given up is tried again by hand.
        waiting = {"status": DeliveryStatus.PENDING, "next_attempt_at": again_at}
        store = self._storing(
            who, delivery.id, attempt, lambda present: replace(present, **waiting)
        )
        ids = {"delivery_id": str(delivery.id), "organization_id": str(who.organization_id)}
        log.warning("webhook not delivered", extra={**ids, "reason": last.error})
        if again_at is not None:
            return TaskEnd(store=store, again_at=again_at)
        async with self.storage.transaction(who) as tx:
            await store(tx)
        raise TaskFailedError(last.error or "")

    def _storing(
        self,
        who: System,
        delivery_id: UUID,
        attempt: _Attempt,
        change: Callable[[Delivery], Delivery],
    ) -> Store:
        async def store(tx: Transaction) -> None:
            await self._note(tx, who, attempt)
            try:
                present = await tx.deliveries.get(delivery_id, lock=True)
            except NotFoundError:
                return
            await tx.deliveries.update(change(tried(present, *attempt.all)))

        return store

    async def _note(self, tx: Transaction, who: System, attempt: _Attempt) -> None:
        """Write down how the webhook is; whoever wants nothing any more is switched off."""
        at, error = attempt.last.at, attempt.last.error
        status = IntegrationStatus.OK if error is None else IntegrationStatus.ERROR
        sent_to = attempt.integration
        is_old = sent_to.last_checked_at is None or at - sent_to.last_checked_at > CHECKED_FOR
        is_news = is_old or attempt.is_gone
        if not is_news and (sent_to.status, sent_to.last_error) == (status, error):
            return
        try:
            present = await tx.integrations.get(sent_to.id, lock=True)
        except NotFoundError:
            return
        # What was found out about an address that was changed meanwhile says nothing.
        if present.config != sent_to.config:
            return
        after = replace(present, status=status, last_checked_at=at, last_error=error)
        if attempt.is_gone and present.is_active:
            after = replace(after, is_active=False)
            target = ("integration", present.id)
            await self.auditor.note(tx, who, "integration.gone", target=target, type=present.type)
        await tx.integrations.update(after)


def _chance(task: Task) -> float:
    """Return a number from 0 to 1 out of the attempt's token, whose last bits nobody chose."""
    return (task.lease_token.int & 0xFFFF) / 0xFFFF if task.lease_token else 0.0
