"""The outbox: what webhooks and customers are told, out of the transaction in which it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.channels import (
    OutboundKind,
    OutboundMessage,
    ShownApproval,
    ShownTicket,
)
from hexdesk.core.model.chat import Message, Thread
from hexdesk.core.model.conversations import ChannelConversation, ChannelDelivery
from hexdesk.core.model.listing import MAX_LIMIT, Slice
from hexdesk.core.model.principals import Principal, System
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.model.webhooks import Delivery, DeliveryAttempt, EventType
from hexdesk.core.policy.channel_deliveries import LOST
from hexdesk.core.policy.webhooks import event_body, wants
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Transaction

WEBHOOK_DELIVERY = "webhook_delivery"
CHANNEL_DELIVERY = "channel_delivery"
PRIORITY = 3
# Whoever speaks in a thread of this one hears the answer there.
OWN_CHANNEL = "api"
# Only what takes its worker along uses these up: a receiver's refusals are counted elsewhere.
MOST_CRASHES = 5
UNDER_WAY = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING})


class ChannelDeliveryData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which message is sent."""

    delivery_id: UUID


class WebhookDeliveryData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which delivery is sent."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Writes down what webhooks and customers are to be told, and the tasks that tell them.

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

    async def say(
        self,
        tx: Transaction,
        thread: Thread,
        message: Message,
        kind: OutboundKind,
        held: Sequence[HeldCall] = (),
    ) -> None:
        """Have the customer at a thread's other end sent a message, if there is one.

        Messages of a conversation go out in the order in which they are said, each once. `held`
        are the calls that the message says wait for a person. What is being shown already is
        sent by whoever shows it.
        """
        if thread.channel == OWN_CHANNEL:
            return
        conversation = await tx.channel_conversations.of_thread(thread.id, lock=True)
        if conversation is None:
            return
        sequence = conversation.last_sequence + 1
        await tx.channel_conversations.update(replace(conversation, last_sequence=sequence))
        outbound = self._outbound(conversation, message, kind, held)
        outbound = replace(outbound, tickets=await _tickets(tx, conversation, message))
        showing = await _showing(tx, message)
        if showing is not None:
            # Whoever looks for it in the other system looks from when the first of it was shown.
            outbound = replace(outbound, created_at=showing.created_at)
        delivery = self._delivery(conversation, message, outbound, sequence)
        if showing is not None and showing.status in UNDER_WAY:
            await tx.channel_deliveries.add(replace(delivery, task_id=showing.id))
            return
        if showing is not None:
            # Nobody knows what of it can be seen.
            lost = DeliveryAttempt(at=self.clock.now(), error=LOST, is_unknown=True)
            delivery = replace(delivery, attempt_log=(lost,))
        await self.send(tx, System(organization_id=thread.organization_id), delivery)
        await tx.channel_deliveries.add(delivery)

    def _delivery(
        self,
        conversation: ChannelConversation,
        message: Message,
        outbound: OutboundMessage,
        sequence: int,
    ) -> ChannelDelivery:
        now = self.clock.now()
        return ChannelDelivery(
            id=outbound.id,
            integration_id=conversation.integration_id,
            event_type=f"message.{outbound.kind}",
            next_attempt_at=now,
            created_at=now,
            payload=msgspec.json.encode(outbound),
            task_id=self.clock.new_id(),
            conversation_id=conversation.id,
            message_id=message.id,
            sequence=sequence,
        )

    def _outbound(
        self,
        conversation: ChannelConversation,
        message: Message,
        kind: OutboundKind,
        held: Sequence[HeldCall],
    ) -> OutboundMessage:
        return OutboundMessage(
            # A run says one thing, so whoever shows it knows its name before it is said.
            id=message.run_id or self.clock.new_id(),
            conversation_key=conversation.conversation_key,
            kind=kind,
            text=message.content,
            subject=conversation.subject,
            reply_to=conversation.reply_to,
            approvals=tuple(
                ShownApproval(approval_id=one.id, tool=one.tool, arguments=one.arguments)
                for one in held
            ),
            created_at=message.created_at,
        )

    async def send(self, tx: Transaction, who: Principal, delivery: Delivery) -> None:
        """Store the task that sends a delivery at once."""
        is_channels = isinstance(delivery, ChannelDelivery)
        now = self.clock.now()
        task = Task(
            id=delivery.task_id,
            organization_id=who.organization_id,
            task_type=CHANNEL_DELIVERY if is_channels else WEBHOOK_DELIVERY,
            task_data={"delivery_id": str(delivery.id)},
            priority=PRIORITY,
            max_attempts=MOST_CRASHES,
            created_at=now,
            principal=System(organization_id=who.organization_id),
            ready_at=now,
        )
        await tx.tasks.add(task)


async def _showing(tx: Transaction, message: Message) -> Task | None:
    """Return the task that shows an answer while it is made, if there is one."""
    if message.run_id is None:
        return None
    try:
        return await tx.tasks.get(message.run_id, lock=True)
    except NotFoundError:
        return None


async def _tickets(
    tx: Transaction, conversation: ChannelConversation, message: Message
) -> tuple[ShownTicket, ...]:
    """Return the tickets that were opened of what an answer answers, oldest first."""
    is_quiet = not message.tool_calls and conversation.recipient.is_verified
    if message.run_id is None or is_quiet:
        return ()
    run = await tx.runs.get(message.run_id)
    # Of what nobody has proved to have written, a ticket is opened before the run begins.
    wanted = TicketFilter(created_from=min(run.created_at, conversation.updated_at))
    found = await tx.tickets.page(wanted, Slice(limit=MAX_LIMIT))
    return tuple(
        ShownTicket(number=one.number, title=one.title)
        for one in reversed(found.data)
        if one.thread_id == conversation.thread_id
    )
