"""Handing messages to the desk, so that one that cannot be kept holds up no other."""

import logging

from msgspec.structs import replace

from hexdesk.core import Emit, InboundMessage, NotFoundError, UnavailableError

LOG = logging.getLogger("hexdesk.email")
MOST_TRIES = 3
# That the storage is down, or the connection was removed, is no message's fault.
DESKS_FAULTS = (UnavailableError, NotFoundError)
UNTAKEN = "It could not be stored as it came"


async def offer(emit: Emit, message: InboundMessage, *, tries: int) -> None:
    """Have a message stored; the last of its tries is made without what is in it."""
    try:
        await emit(message)
    except DESKS_FAULTS:
        raise
    except Exception:
        if tries < MOST_TRIES:
            raise
        LOG.exception("e-mail stored without what is in it")
        await emit(_bare(message))


def _bare(message: InboundMessage) -> InboundMessage:
    """Return the message without what a stranger put into it."""
    return replace(
        message,
        text=f"({UNTAKEN}: {message.message_id} is in the mailbox.)",
        full_text="",
        subject=None,
        sender=replace(message.sender, name=""),
        files=(),
        hints={"references": [message.message_id]},
    )
