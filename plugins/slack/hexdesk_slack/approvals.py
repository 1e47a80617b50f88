"""Calls that wait for a person, as messages with buttons."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hexdesk.core import ShownApproval

APPROVE, DENY = "hexdesk_approve", "hexdesk_deny"
VERDICTS = {APPROVE: True, DENY: False}
# Slack takes a little more than 13,000 characters in one message, all blocks together.
MOST_IN_ONE = 3
LONGEST_ARGUMENTS = 1_500
CUT = "\n… the rest is shown at the desk"

Block = dict[str, Any]


def approval_blocks(approvals: Sequence[ShownApproval]) -> list[Block]:
    """Return what shows these calls and asks whether they may be made."""
    return [block for approval in approvals for block in _blocks(approval)]


def waiting_text(approvals: Sequence[ShownApproval]) -> str:
    """Return in words what waits, for notifications and readers."""
    return f"Waits for approval: {', '.join(approval.tool for approval in approvals)}"


def _blocks(approval: ShownApproval) -> tuple[Block, ...]:
    return (_call(approval), _buttons(approval))


def _call(approval: ShownApproval) -> Block:
    """Return the call as rich text, in which no argument can pass for anything else."""
    title = {"type": "text", "text": f"{approval.tool} waits for approval:"}
    arguments = {"type": "text", "text": _arguments(approval)}
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [title]},
            {"type": "rich_text_preformatted", "elements": [arguments]},
        ],
    }


def _arguments(approval: ShownApproval) -> str:
    written = msgspec.json.format(msgspec.json.encode(approval.arguments, order="sorted")).decode()
    if len(written) <= LONGEST_ARGUMENTS:
        return written
    return written[:LONGEST_ARGUMENTS] + CUT


def _buttons(approval: ShownApproval) -> Block:
    return {
        "type": "actions",
        "block_id": f"hexdesk:{approval.approval_id}",
        "elements": [
            _button(approval, APPROVE, "Approve", "primary"),
            _button(approval, DENY, "Deny", "danger"),
        ],
    }


def _button(approval: ShownApproval, action_id: str, label: str, style: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
        "style": style,
        "value": str(approval.approval_id),
    }
