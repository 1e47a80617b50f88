"""Attachments: the files that come with a message."""

from collections.abc import Sequence
from uuid import UUID

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.files import FileFilter
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.rights import files_seen_by
from hexdesk.core.ports.storage import Transaction

MOST_ATTACHMENTS = 20


async def check_attachments(tx: Transaction, who: Principal, attachments: Sequence[UUID]) -> None:
    """Raise `InvalidError` for an attachment that does not exist for the sender."""
    if not attachments:
        return
    wanted = FileFilter(ids=tuple(attachments), seen_by=files_seen_by(who))
    page = await tx.files.page(wanted, Slice(limit=len(attachments)))
    seen = {file.id for file in page.data}
    for place, file_id in enumerate(attachments):
        if file_id not in seen:
            raise InvalidError("names no file of yours", pointer=f"/attachments/{place}")
