"""What the desk says in its own words when the model cannot."""

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
