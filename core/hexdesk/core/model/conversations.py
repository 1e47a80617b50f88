"""What came and goes on channels, as it is kept."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.channels import Inbound, Sender
from hexdesk.core.model.webhooks import Delivery


class FoundConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection, as it is found before the organization is known."""

    integration_id: UUID
    organization_id: UUID
    channel: str


class KeptConnection(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk keeps of an integration that is a channel's connection.

    `account` is a digest, and of one there is one connection in the installation. `key` is
    sealed.
    """

    integration_id: UUID
    channel: str
    account: str | None = None
    key: str


class InboundStatus(StrEnum):
    """What has become of what came."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class KeptInbound(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came on a connection, as the channel read it.

    `dedupe_key` and `order_key` are digests: of the first there is one in a connection, and what
    shares the second is seen to in the order in which it came. `note` says what was made of it,
    where that is not plain.
    """

    id: UUID
    integration_id: UUID
    channel: str
    dedupe_key: str
    order_key: str
    content: Inbound
    status: InboundStatus = InboundStatus.PENDING
    note: str | None = None
    thread_id: UUID | None = None
    message_id: UUID | None = None
    created_at: datetime


class ChannelConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A thread's other end: whom its messages go to, and by which connection.

    `conversation_key` is the channel's own name for it. `reply_to` is the channel's name of the
    newest message that came, and `hints` are that one's. `last_sequence` is the number of the
    newest message that went out.
    """

    id: UUID
    integration_id: UUID
    channel: str
    thread_id: UUID
    conversation_key: str
    recipient: Sender
    subject: str | None = None
    reply_to: str | None = None
    hints: dict[str, Any] = {}
    last_sequence: int = 0
    created_at: datetime
    updated_at: datetime


class ChannelDelivery(Delivery, frozen=True, kw_only=True):
    """A message on its way out; those of a conversation go in the order of `sequence`.

    `payload` is an `OutboundMessage` as JSON, without what only the moment of sending tells.
    """

    conversation_id: UUID
    message_id: UUID
    sequence: int
    external_id: str | None = None
