"""What the offline model sees of a conversation, and the three things it can answer with."""

from collections.abc import Mapping

import msgspec

from hexdesk.core.model.knowledge import UnreadFile


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier message, by the user or by the assistant."""

    by_user: bool
    text: str


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool answered to one call."""

    tool: str
    arguments: Mapping[str, object]
    content: object
    succeeded: bool = True


Step = Said | ToolResult


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """The user's newest message with all that came before it, oldest first.

    `result` answers the call that this message has caused, once there is one. `member_id` is who
    "me" is, where the installation tells. `knowledge` are passages of files, by their numbers;
    `unread` are files that came with the message, of which nothing is known.
    """

    text: str
    steps: tuple[Step, ...] = ()
    result: ToolResult | None = None
    member_id: str | None = None
    knowledge: tuple[tuple[int, str], ...] = ()
    unread: tuple[UnreadFile, ...] = ()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Call one tool."""

    tool: str
    arguments: Mapping[str, object]


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Hand the conversation over to a person."""

    reason: str


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with Markdown."""

    text: str
