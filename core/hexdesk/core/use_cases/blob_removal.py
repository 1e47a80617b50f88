"""Removing the bytes of files that are no more, until it works."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.principals import System
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.policy.file_names import blob_key
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork

BLOB_REMOVAL = "blob_removal"
PRIORITY = 8
# Nobody waits for it, and a store may be down for a weekend.
ENDURANCE = Endurance(time_limit=60, first_pause=10, longest_pause=3600)
MOST_ATTEMPTS = 100


class BlobRemovalData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file's bytes are to go."""

    file_id: UUID


def removal_task(clock: Clock, organization_id: UUID, file_id: UUID) -> Task:
    """Return the desk's own task of removing a file's bytes; there is one to a file."""
    now = clock.now()
    return Task(
        id=clock.new_id(),
        organization_id=organization_id,
        task_type=BLOB_REMOVAL,
        task_data={"file_id": str(file_id)},
        principal=System(organization_id=organization_id),
        priority=PRIORITY,
        max_attempts=MOST_ATTEMPTS,
        created_at=now,
        ready_at=now,
        dedupe_key=f"{BLOB_REMOVAL}:{file_id}",
    )


@dataclass(frozen=True, kw_only=True)
class RemoveBlob(TaskType):
    """Remove the bytes of a file that is not known any more; those of one that is, stay."""

    storage: Storage
    blobs: Blobs
    name: str = BLOB_REMOVAL
    data: type[msgspec.Struct] = BlobRemovalData
    right: Right | None = None
    endurance: Endurance = ENDURANCE
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        organization_id, file_id = work.task.organization_id, work.data.file_id
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            try:
                await tx.files.get(file_id)
            except NotFoundError:
                is_known = False
            else:
                is_known = True
        if not is_known:
            await self.blobs.remove(blob_key(organization_id, file_id))
        return TaskEnd(result={"removed": not is_known})
