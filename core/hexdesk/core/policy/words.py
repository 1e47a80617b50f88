"""What the desk says in its own words when the model cannot."""

from collections.abc import Iterable

from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.model.chat import DegradedReason

NOTICES = {
    DegradedReason.MODEL_UNAVAILABLE: (
        "I'm temporarily unavailable: the assistant could not be reached."
        " Your message is stored; please try again in a moment."
    ),
    DegradedReason.RUN_LIMIT: (
        "I'm temporarily unavailable for this request: it took more steps or time than I may use."
        " Please ask for less at once, or try again."
    ),
    DegradedReason.MCP_UNAVAILABLE: (
        "My tools are temporarily unavailable, so I could not look anything up or change anything."
    ),
}


DONE = " What I had done until then stays done."


def with_notice(text: str, reason: DegradedReason, *, has_acted: bool = False) -> str:
    """Return what must be added to a text so that it says what went wrong.

    Where a tool was called before, it says that too: whoever only tried again would do it twice.
    """
    notice = NOTICES.get(reason, "")
    if notice and has_acted:
        notice += DONE
    return f"\n\n{notice}" if text.strip() and notice else notice


HANDED_OVER = "I am handing this conversation over to a person of the team, who goes on from here."
TAKEN_OVER = "a person has taken the conversation over"
FATES = {
    ApprovalStatus.PENDING: "It waits for a person's decision and has not been made.",
    ApprovalStatus.APPROVED: "A person allowed it.",
    ApprovalStatus.DENIED: "A person refused it: it was not made.",
    ApprovalStatus.EXPIRED: "Nobody decided in time: it was not made.",
}
"""What has become of a call that waited for a person, as the model is told."""


def waiting_for(tools: Iterable[str]) -> str:
    """Say that calls wait for a person, where the model has said nothing."""
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(tools))
    return f"This needs a person's approval first: {names}. I go on as soon as somebody decides."


def with_handover(text: str) -> str:
    """Return what must be added to a text so that it says that a person goes on."""
    return f"\n\n{HANDED_OVER}" if text.strip() else HANDED_OVER


def refused(note: str | None) -> str:
    """Tell the model that a person refused its call."""
    return f"a person refused this call: {note}" if note else "a person refused this call"
