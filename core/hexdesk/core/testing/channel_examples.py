"""What comes and goes on channels, for tests, with what the test does not care about filled in."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.channels import InboundMessage, Sender
from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    KeptConnection,
    KeptInbound,
)
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples

ANN = Sender(external_id="ann", name="Ann", email="ann@example.com", is_verified=True)
CHANNEL = "pigeon"


def a_connection(integration_id: UUID, **changes: Any) -> KeptConnection:
    """Return a connection with an account that nobody else has."""
    account = examples.new_id().hex
    made = KeptConnection(
        integration_id=integration_id, channel=CHANNEL, account=account, key="sealed"
    )
    return replace(made, **changes)


def an_inbound(integration_id: UUID, **changes: Any) -> KeptInbound:
    """Return a message that came and waits."""
    key = examples.new_id()
    made = KeptInbound(
        id=key,
        integration_id=integration_id,
        channel=CHANNEL,
        dedupe_key=key.hex,
        order_key="order",
        content=a_message(),
        created_at=examples.NOON,
    )
    return replace(made, **changes)


def a_message(**changes: Any) -> InboundMessage:
    """Return what somebody wrote in a channel."""
    key = examples.new_id().hex
    made = InboundMessage(
        dedupe_key=key,
        conversation_key="conversation-1",
        message_id=key,
        sender=ANN,
        text="Where is my parcel?",
        hints={"thread": 1},
    )
    return replace(made, **changes)


def a_channel_conversation(
    integration_id: UUID, thread_id: UUID, **changes: Any
) -> ChannelConversation:
    """Return the other end of a thread."""
    made = ChannelConversation(
        id=examples.new_id(),
        integration_id=integration_id,
        channel=CHANNEL,
        thread_id=thread_id,
        conversation_key="conversation-1",
        recipient=ANN,
        created_at=examples.NOON,
        updated_at=examples.NOON,
    )
    return replace(made, **changes)


def a_channel_delivery(conversation: ChannelConversation, **changes: Any) -> ChannelDelivery:
    """Return a message on its way out."""
    key = examples.new_id()
    made = ChannelDelivery(
        id=key,
        integration_id=conversation.integration_id,
        event_type="message.answer",
        next_attempt_at=examples.NOON,
        created_at=examples.NOON,
        payload=b"{}",
        task_id=key,
        conversation_id=conversation.id,
        message_id=key,
        sequence=1,
    )
    return replace(made, **changes)


class Correspondence(msgspec.Struct, frozen=True, kw_only=True):
    """A connection with a conversation on it, of which a message came and one goes out."""

    connection: KeptConnection
    inbound: KeptInbound
    conversation: ChannelConversation
    name: str
    delivery: ChannelDelivery

    @classmethod
    def of(cls, integration_id: UUID, thread_id: UUID) -> "Correspondence":
        """Make the values; nothing is stored."""
        conversation = a_channel_conversation(integration_id, thread_id)
        return cls(
            connection=a_connection(integration_id),
            inbound=an_inbound(integration_id, thread_id=thread_id),
            conversation=conversation,
            name=conversation.id.hex,
            delivery=a_channel_delivery(conversation),
        )

    async def store(self, transaction: Transaction) -> None:
        """Store all of it."""
        await transaction.channel_connections.add(self.connection)
        await transaction.inbounds.add(self.inbound)
        await transaction.channel_conversations.add(self.conversation)
        await transaction.channel_conversations.name(self.conversation, [self.name])
        await transaction.channel_deliveries.add(self.delivery)
