"""What may happen to a ticket."""

from datetime import datetime

import msgspec

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.tickets import Ticket, TicketStatus

WORKING = (TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.WAITING)
OVER = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})
TRANSITIONS: dict[TicketStatus, tuple[TicketStatus, ...]] = {
    **{
        status: (*(other for other in WORKING if other is not status), *sorted(OVER, reverse=True))
        for status in WORKING
    },
    TicketStatus.RESOLVED: (TicketStatus.OPEN, TicketStatus.CLOSED),
    TicketStatus.CLOSED: (TicketStatus.OPEN,),
}


def moved(ticket: Ticket, status: TicketStatus, now: datetime) -> Ticket:
    """Return the ticket in its new status; the same status changes nothing.

    `resolved_at` is set on resolving, or on closing unresolved, and cleared on reopening. Raise
    `ConflictError` with what is allowed for a step that is not.
    """
    if status is ticket.status:
        return ticket
    allowed = TRANSITIONS[ticket.status]
    if status not in allowed:
        message = f"a ticket that is {ticket.status} cannot become {status}"
        raise ConflictError(message, allowed=[str(one) for one in allowed])
    resolved_at = (ticket.resolved_at or now) if status in OVER else None
    return msgspec.structs.replace(ticket, status=status, resolved_at=resolved_at)
