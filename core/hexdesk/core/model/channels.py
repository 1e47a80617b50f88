"""Channels: ways by which customers reach the desk, and what comes and goes on them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class ChannelCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can do, so that the desk asks for no more.

    `longest_text` is the number of characters that one message may have.
    """

    markdown: bool = False
    streaming: bool = False
    attachments: bool = False
    threads: bool = False
    buttons: bool = False
    longest_text: int = 4_000


class InboundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the other system, as it came: nothing of it is verified yet.

    Names of headers are in lower case; `query` is the URL's part behind the question mark.
    """

    headers: dict[str, str]
    body: bytes
    query: str = ""
    method: str = "POST"


class ChannelResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What the other system is answered at once: a challenge, a refusal, or nothing but 200."""

    status_code: int = 200
    body: bytes = b""
    media_type: str = "text/plain"


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote, as the channel knows them.

    `external_id` is the sender's name in the channel and never changes. `is_verified` says that
    the channel proves that the sender has the `email`; what merely claims an address proves none.
    """

    external_id: str
    name: str = ""
    email: str | None = None
    is_verified: bool = False


class InboundFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a message: `reference` is all that the channel needs to fetch it."""

    filename: str
    content_type: str = ""
    size: int | None = None
    reference: str


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """One message of a customer, normalised.

    `dedupe_key` is the same whenever the same message comes again, and unique in its connection.
    `conversation_key` names the conversation that it begins, unless one of `replies_to` is known:
    the ids of messages that it answers, newest first. Then it goes on there. `message_id` is its
    own id in the channel. `text` is what the sender wrote now, `full_text` what came, quotes
    included. `automated` says why no person wrote it, if none did: such a message is kept and not
    answered. `is_addressed` is false of what was said where the desk can hear it, to nobody in
    particular: it goes on with a conversation that is known, and else is nobody's business and
    not kept. `hints` is what the channel wants back when it answers.
    """

    dedupe_key: str
    conversation_key: str
    message_id: str
    sender: Sender
    text: str
    full_text: str = ""
    subject: str | None = None
    replies_to: tuple[str, ...] = ()
    files: tuple[InboundFile, ...] = ()
    automated: str | None = None
    is_addressed: bool = True
    hints: dict[str, Any] = {}


class InboundDecision(msgspec.Struct, frozen=True, kw_only=True, tag="decision"):
    """Somebody's decision on an approval, by a button in the channel."""

    dedupe_key: str
    approval_id: UUID
    is_approved: bool
    sender: Sender
    hints: dict[str, Any] = {}


Inbound = InboundMessage | InboundDecision


class OutboundKind(StrEnum):
    """What a message to a customer is."""

    ANSWER = "answer"
    REPLY = "reply"
    NOTICE = "notice"


class ShownApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call that waits for a person, as it is shown in the channel."""

    approval_id: UUID
    tool: str
    arguments: dict[str, Any]


class ShownTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that was opened of what is answered, and where it is seen, if the desk knows."""

    number: int
    title: str
    url: str | None = None


class OutboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a customer; `text` is Markdown.

    `id` is new for each message and the same whenever the same one is sent again: a receiver that
    can, is to dedupe by it. `reply_to` is the id of the message that is answered. `hints` are
    those of the newest message of the conversation.
    """

    id: UUID
    conversation_key: str
    kind: OutboundKind = OutboundKind.ANSWER
    text: str
    subject: str | None = None
    reply_to: str | None = None
    recipient: Sender | None = None
    tickets: tuple[ShownTicket, ...] = ()
    approvals: tuple[ShownApproval, ...] = ()
    hints: dict[str, Any] = {}
    created_at: datetime


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the other system calls the message that it took."""

    message_id: str
    hints: dict[str, Any] = {}
