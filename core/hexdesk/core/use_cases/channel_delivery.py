"""Sending messages into channels: in order, each once, or known not to be known."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    EgressRefusedError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    RetryAfterError,
    TaskFailedError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import OutboundMessage, Receipt
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    KeptConnection,
)
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import System
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.model.webhooks import DeliveryAttempt, DeliveryStatus
from hexdesk.core.policy.channel_deliveries import (
    LOST,
    arrived,
    attempted,
    may_have_arrived,
    next_try,
    unsent,
)
from hexdesk.core.policy.channels import fitted, name_of_message
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.channel_type import Channels
from hexdesk.core.use_cases.integration_health import note_health
from hexdesk.core.use_cases.outbox import CHANNEL_DELIVERY, PRIORITY, ChannelDeliveryData
from hexdesk.core.use_cases.task_types import Store, TaskEnd, TaskType, TaskWork

log = logging.getLogger("hexdesk.channels")
SENDING = b"sending"
SOON = timedelta(seconds=1)
SWITCHED_OFF = "the connection is switched off"
CANCELLED = "it was cancelled"
FORGOTTEN = TaskEnd(result={"status": "forgotten"})
"""Of a delivery that is no more."""
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery with all that is needed to send it."""

    delivery: ChannelDelivery
    conversation: ChannelConversation
    connection: Connection
    channel: Channel

    @property
    def message(self) -> OutboundMessage:
        """What is sent: as it was said, to whom and how as of now."""
        said = msgspec.json.decode(self.delivery.payload, type=OutboundMessage)
        conversation = self.conversation
        told = replace(said, recipient=conversation.recipient, hints=conversation.hints)
        return fitted(told, self.channel.capabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of an attempt; one that is final is not followed by another."""

    receipt: Receipt | None = None
    error: str | None = None
    is_unknown: bool = False
    is_final: bool = False
    wished: float = 0


@dataclass(frozen=True, kw_only=True)
class SendChannelMessage(TaskType):
    """Send a message into a channel, once.

    Before anything goes out, the task says so in its own row. Whoever finds that written, and not
    how it went, asks the other system; where that cannot tell, nobody sends it again.
    """

    storage: Storage
    clock: Clock
    channels: Channels
    name: str = CHANNEL_DELIVERY
    data: type[msgspec.Struct] = ChannelDeliveryData
    right: Right | None = None
    endurance: Endurance = Endurance(time_limit=SECONDS)
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        task = work.task
        who = System(organization_id=task.organization_id)
        if task.id == work.data.delivery_id and await self._is_being_made(who, task.id):
            return TaskEnd(again_at=self.clock.now() + SOON, steps=task.steps)
        try:
            async with self.storage.transaction(who) as tx:
                delivery = await tx.channel_deliveries.get(work.data.delivery_id)
                integration = await tx.integrations.get(delivery.integration_id)
                earlier = await tx.channel_deliveries.before(delivery)
                message = await tx.messages.get(delivery.message_id)
                conversation = await tx.channel_conversations.of_thread(message.thread_id)
                kept = await tx.channel_connections.get(delivery.integration_id)
        except NotFoundError:
            return FORGOTTEN
        is_over = delivery.status is not DeliveryStatus.PENDING or delivery.task_id != task.id
        if is_over or conversation is None:
            return TaskEnd(result={"status": delivery.status})
        if earlier is not None:
            return TaskEnd(again_at=self._after(earlier), steps=task.steps)
        try:
            connection = self._connection(who, integration, kept)
        except (InvalidError, UnavailableError, ValueError) as error:
            # One of which nobody knows whether it has arrived is not known better for that.
            is_unknown = bool(task.steps) or may_have_arrived(delivery)
            came = Came(error=str(error), is_unknown=is_unknown)
        else:
            channel = self.channels.of(integration.type).channel
            came = await self._attempt(work, Outgoing(delivery, conversation, connection, channel))
        return await self._end(task, delivery, integration, came)

    async def give_up(self, tx: Transaction, task: Task) -> None:
        data = msgspec.convert(task.task_data, ChannelDeliveryData)
        try:
            delivery = await tx.channel_deliveries.get(data.delivery_id, lock=True)
        except NotFoundError:
            return
        if delivery.status is not DeliveryStatus.PENDING or delivery.task_id != task.id:
            return
        now, reason = self.clock.now(), task.error or CANCELLED
        if task.steps:
            lost = DeliveryAttempt(at=now, error=LOST, is_unknown=True)
            delivery = attempted(delivery, lost)
        await tx.channel_deliveries.update(unsent(delivery, reason))

    def _connection(
        self, who: System, integration: Integration, kept: KeptConnection
    ) -> Connection:
        """Return the connection; one that is switched off may be on again before long."""
        if not integration.is_active:
            raise UnavailableError(SWITCHED_OFF)
        return self.channels.connection(who, integration, kept)

    async def _is_being_made(self, who: System, run_id: UUID) -> bool:
        """Tell whether an answer of which some was shown is not whole yet."""
        async with self.storage.transaction(who) as tx:
            try:
                run = await tx.runs.get(run_id)
            except NotFoundError:
                return False
        return run.status is RunStatus.RUNNING

    async def _attempt(self, work: TaskWork, outgoing: Outgoing) -> Came:
        task, delivery = work.task, outgoing.delivery
        if task.steps or may_have_arrived(delivery):
            before = await self._asked(
                outgoing, LOST if task.steps else delivery.last_error or LOST
            )
            if before is not None:
                return before
        # From here on it may have gone out, whatever becomes of this process.
        await work.save(SENDING)
        try:
            receipt = await outgoing.channel.deliver(outgoing.message, outgoing.connection)
        except OutcomeUnknownError as error:
            return await self._asked(outgoing, str(error)) or Came(error=str(error))
        except UndeliverableError as error:
            return Came(error=str(error), is_final=True)
        except (EgressRefusedError, UnavailableError) as error:
            return Came(error=str(error), wished=_wished(error))
        return Came(receipt=receipt)

    async def _asked(self, outgoing: Outgoing, reason: str) -> Came | None:
        """Ask whether it has arrived; None if it certainly has not."""
        try:
            receipt = await outgoing.channel.look_up(outgoing.message, outgoing.connection)
        except OutcomeUnknownError:
            return Came(error=reason, is_unknown=True, is_final=True)
        except (EgressRefusedError, UnavailableError, UndeliverableError) as error:
            return Came(error=reason, is_unknown=True, wished=_wished(error))
        return Came(receipt=receipt) if receipt else None

    async def _end(
        self, task: Task, delivery: ChannelDelivery, integration: Integration, came: Came
    ) -> TaskEnd:
        now = self.clock.now()
        attempt = DeliveryAttempt(at=now, error=came.error, is_unknown=came.is_unknown)
        if came.receipt:
            after = arrived(delivery, now, came.receipt.message_id)
        else:
            after = attempted(delivery, attempt)
        receipt = came.receipt
        again_at = None
        if receipt is None and not came.is_final:
            again_at = next_try(after, now, came.wished, _chance(task))
        if receipt is None and again_at is None:
            after = unsent(after, came.error or "")
        after = replace(after, next_attempt_at=again_at)

        store = self.storing(integration, after, came)
        if receipt is not None or again_at is not None:
            return TaskEnd(result={"status": after.status}, store=store, again_at=again_at)
        ids = {"delivery_id": str(delivery.id), "organization_id": str(task.organization_id)}
        log.warning("message not delivered", extra={**ids, "reason": came.error})
        async with self.storage.transaction(System(organization_id=task.organization_id)) as tx:
            await store(tx)
        raise TaskFailedError(came.error or "")

    def storing(self, integration: Integration, after: ChannelDelivery, came: Came) -> Store:
        """Return how it is stored what came of an attempt."""

        async def store(tx: Transaction) -> None:
            if integration.is_active:
                await note_health(tx, integration, self.clock.now(), came.error)
            await self._store(tx, after, came.receipt)

        return store

    async def _store(
        self, tx: Transaction, after: ChannelDelivery, receipt: Receipt | None
    ) -> None:
        try:
            present = await tx.channel_deliveries.get(after.id, lock=True)
            message = await tx.messages.get(after.message_id)
        except NotFoundError:
            return
        if present.status is not DeliveryStatus.PENDING:
            return
        await tx.channel_deliveries.update(after)
        conversation = await tx.channel_conversations.of_thread(message.thread_id, lock=True)
        if receipt is None or conversation is None:
            return
        hints = conversation.hints | receipt.hints
        await tx.channel_conversations.update(replace(conversation, hints=hints))
        if conversation.recipient.is_verified:
            name = name_of_message(conversation.recipient, receipt.message_id)
            await tx.channel_conversations.name(conversation, [name])

    def _after(self, earlier: ChannelDelivery) -> datetime:
        soon = self.clock.now() + SOON
        return max(soon, earlier.next_attempt_at or soon)


def _wished(error: Exception) -> float:
    """Return for how long the other system wants to be left alone."""
    return error.retry_after if isinstance(error, RetryAfterError) else 0


def _chance(task: Task) -> float:
    """Return a number from 0 to 1 out of the attempt's token, whose last bits nobody chose."""
    return (task.lease_token.int & 0xFFFF) / 0xFFFF if task.lease_token else 0.0
