"""Channels: who writes, what is made of what came, and what fits into what goes out."""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.channels import (
    ChannelCapabilities,
    Inbound,
    InboundDecision,
    InboundMessage,
    OutboundMessage,
    Sender,
)
from hexdesk.core.model.principals import Customer
from hexdesk.core.policy.storable import storable

LONGEST_CONTENT = 32_000
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 20_000
CUT = "\n\n[The rest of the message was cut off.]"
NOTHING = "[The message has no text.]"
UNVERIFIED = "unverified"
Came = TypeVar("Came", bound=InboundMessage | InboundDecision)


def digest(*parts: str) -> str:
    """Return a name of one length for parts that strangers choose, and make as long as they like.

    What differs in where a part ends differs in the name.
    """
    written = msgspec.json.encode([storable(part) for part in parts])
    return hashlib.sha256(written).hexdigest()


def checked(inbound: Came) -> Came:
    """Return what came without what no storage takes.

    Raise `InvalidError` if it lacks a name that everything depends on, or cannot be written down.
    """
    try:
        written = _storable(msgspec.to_builtins(inbound))
        found = msgspec.convert(written, type(inbound))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError(f"what came cannot be kept: {error}") from error
    names = [found.dedupe_key, found.sender.external_id]
    if isinstance(found, InboundMessage):
        names += [found.conversation_key, found.message_id]
    if not all(names):
        raise InvalidError("what came lacks a name")
    return found


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            pairs = cast("dict[Any, Any]", value).items()
            return {_storable(key): _storable(part) for key, part in pairs}
        case list():
            return [_storable(part) for part in cast("list[Any]", value)]
        case _:
            return value


def order_of(inbound: Inbound) -> str:
    """Return what those share that must be seen to in the order in which they came."""
    if isinstance(inbound, InboundDecision):
        return digest("decision", str(inbound.approval_id))
    return digest("conversation", inbound.conversation_key)


def name_of_conversation(sender: Sender, conversation_key: str) -> str:
    """Return the name of the conversation that a sender begins.

    Another's message with the same key begins another one: a conversation is one customer's.
    """
    return digest("conversation", sender.external_id, conversation_key)


def name_of_message(sender: Sender, message_id: str) -> str:
    """Return the name by which what answers a message finds its conversation."""
    return digest("message", sender.external_id, message_id)


def names_to_find(sender: Sender, message: InboundMessage) -> Sequence[str]:
    """Return the names of the conversation that a message goes on with, the surest first."""
    replies = [name_of_message(sender, one) for one in message.replies_to]
    return (*replies, name_of_conversation(sender, message.conversation_key))


def customer_of(organization_id: UUID, channel: str, sender: Sender) -> Customer:
    """Return who writes, as a principal."""
    return Customer(
        organization_id=organization_id,
        customer_id=f"{channel}:{sender.external_id}",
        email=sender.email,
        is_verified=sender.is_verified and bool(sender.email),
    )


def title_of(message: InboundMessage) -> str:
    """Return a title for what the message begins: its subject, else its first line."""
    lines = [*(message.subject or "").splitlines(), *message.text.splitlines()]
    title = next((line.strip() for line in lines if line.strip()), "")
    return title[:LONGEST_TITLE].strip() or "A message without text"


def content_of(message: InboundMessage, notes: Sequence[str]) -> str:
    """Return what is said in the thread: the text, as far as it fits, and notes about it."""
    told = "".join(f"\n\n[{note}]" for note in notes)
    text = message.text.strip() or NOTHING
    room = LONGEST_CONTENT - len(told)
    if len(text) > room:
        text = text[: room - len(CUT)] + CUT
    return text + told


def description_of(message: InboundMessage, sender: Sender) -> str:
    """Return what a ticket says of a message whose sender proved nothing."""
    name = " ".join(filter(None, (sender.name, f"<{sender.email or sender.external_id}>")))
    return f"From (not verified): {name}\n\n{message.text.strip()}"[:LONGEST_DESCRIPTION]


def fitted(message: OutboundMessage, capabilities: ChannelCapabilities) -> OutboundMessage:
    """Return the message without what the channel cannot show."""
    text = message.text
    if len(text) > capabilities.longest_text:
        # A reader sees that there was more, and can ask for it.
        text = text[: capabilities.longest_text - 1] + "…"
    return replace(message, text=text, approvals=message.approvals if capabilities.buttons else ())
