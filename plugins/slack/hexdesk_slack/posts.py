"""A message as the posts of which it consists, and the marks by which they are found again."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hexdesk.core import OutboundMessage, ShownApproval, UndeliverableError
from hexdesk_slack.approvals import MOST_IN_ONE, approval_blocks, waiting_text
from hexdesk_slack.markdown import pieces, quiet, with_tickets

EVENT_TYPE = "hexdesk_message"
# Beside buttons there is room for less text.
LONGEST_BESIDE_BLOCKS = 6_000

Post = dict[str, Any]


class Mark(msgspec.Struct, frozen=True):
    """Which part of which message a post is; one that was cut off ends too early."""

    id: str
    part: int
    is_cut_off: bool = False


class _Metadata(msgspec.Struct, frozen=True):
    event_type: str
    event_payload: Mark


def posts_of(message: OutboundMessage) -> Sequence[Post]:
    """Return what is posted, in this order; raise `UndeliverableError` if that is nothing."""
    text = quiet(with_tickets(message.text, message.tickets))
    posts: list[Post] = [{"markdown_text": piece} for piece in pieces(text)]
    for start in range(0, len(message.approvals), MOST_IN_ONE):
        approvals = message.approvals[start : start + MOST_IN_ONE]
        is_joined = (
            start == 0 and posts and len(posts[-1]["markdown_text"]) <= LONGEST_BESIDE_BLOCKS
        )
        posts.append(_asking(approvals, posts.pop()["markdown_text"] if is_joined else ""))
    if not posts:
        raise UndeliverableError("there is nothing in the message that Slack could show")
    return [post | {"metadata": mark(message, part)} for part, post in enumerate(posts)]


def mark(message: OutboundMessage, part: int = 0, *, is_cut_off: bool = False) -> dict[str, Any]:
    """Return the metadata that says which part of which message a post is."""
    payload = {"id": str(message.id), "part": part, "is_cut_off": is_cut_off}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def mark_of(metadata: Any, message: OutboundMessage) -> Mark | None:
    """Return what the metadata of a post say about this message, if anything."""
    try:
        found = msgspec.convert(metadata, _Metadata, strict=False)
    except msgspec.ValidationError:
        return None
    is_ours = found.event_type == EVENT_TYPE and found.event_payload.id == str(message.id)
    return found.event_payload if is_ours else None


def _asking(approvals: Sequence[ShownApproval], text: str) -> Post:
    above = [{"type": "markdown", "text": text}] if text else []
    waiting = waiting_text(approvals)
    # `text` is what notifications show; as they are no Markdown, it is what waits.
    return {"blocks": [*above, *approval_blocks(approvals)], "text": quiet(waiting)}
