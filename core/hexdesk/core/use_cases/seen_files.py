"""Which files exist for whom."""

from uuid import UUID

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.files import File
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.rights import files_seen_by
from hexdesk.core.ports.storage import Transaction


async def seen_file(tx: Transaction, who: Principal, file_id: UUID, *, lock: bool = False) -> File:
    """Return a file that the caller uploaded or an agent knows; for admins, any.

    Raise `NotFoundError` for another one, as for one that is not there.
    """
    file = await tx.files.get(file_id, lock=lock)
    member_id = files_seen_by(who)
    if member_id in (None, file.uploaded_by_id) or await tx.agent_files.is_known(file_id):
        return file
    raise NotFoundError(f"no file {file_id}")
