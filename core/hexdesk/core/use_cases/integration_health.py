"""Noting on an integration how calls to its system go."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.integrations import Integration, IntegrationStatus
from hexdesk.core.ports.storage import Transaction

# How an integration is, is written down when it changes, and now and then.
CHECKED_FOR = timedelta(minutes=1)


async def note_health(
    tx: Transaction, called: Integration, at: datetime, error: str | None
) -> None:
    """Write down how a call went; of a configuration that was changed since, it says nothing."""
    status = IntegrationStatus.OK if error is None else IntegrationStatus.ERROR
    is_old = called.last_checked_at is None or at - called.last_checked_at > CHECKED_FOR
    if not is_old and (called.status, called.last_error) == (status, error):
        return
    try:
        present = await tx.integrations.get(called.id, lock=True)
    except NotFoundError:
        return
    if present.config == called.config:
        after = replace(present, status=status, last_checked_at=at, last_error=error)
        await tx.integrations.update(after)
