"""Reading files: text, what they say of themselves, and a summary; a task of each file's own."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError, NotFoundError, TaskFailedError
from hexdesk.core.model.documents import ExtractedDocument, FileType, Section
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.principals import Member, Person, System
from hexdesk.core.model.tasks import Endurance, Task, TaskStatus
from hexdesk.core.policy.file_names import blob_key
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.seen_files import seen_file
from hexdesk.core.use_cases.summaries import Summarise
from hexdesk.core.use_cases.task_types import Store, TaskEnd, TaskType, TaskWork

PROCESSING = "file_processing"
PRIORITY = 6
# What ends a reading is the limit of the process that reads; this only ends what hangs beyond it.
ENDURANCE = Endurance(time_limit=900, first_pause=2, longest_pause=300)
READ, SUMMED_UP = 0.8, 0.95
SECONDS_BETWEEN_REPORTS = 0.5
GONE = "the file's bytes are gone: upload it again"
CANCELLED = "its processing was cancelled"


class FileProcessingData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file is to be read."""

    file_id: UUID


class Indexer(Protocol):
    """Makes what was read in a file findable."""

    @abstractmethod
    async def __call__(self, file: File, sections: Sequence[Section]) -> Store:
        """Do what takes long, and return what stores it in the transaction that ends the task."""


def processing_task(clock: Clock, who: Person | System, file_id: UUID) -> Task:
    """Return the task of reading a file that somebody has handed in."""
    now = clock.now()
    return Task(
        id=clock.new_id(),
        organization_id=who.organization_id,
        created_by_id=who.user_id if isinstance(who, Member) else None,
        task_type=PROCESSING,
        task_data={"file_id": str(file_id)},
        priority=PRIORITY,
        principal=who,
        created_at=now,
        ready_at=now,
    )


@dataclass(frozen=True, kw_only=True)
class ProcessFile(TaskType):
    """Read a file, sum it up, and make it ready; it shows how far it is meanwhile."""

    storage: Storage
    clock: Clock
    blobs: Blobs
    extraction: Extraction
    summarise: Summarise
    index: Indexer
    name: str = PROCESSING
    data: type[msgspec.Struct] = FileProcessingData
    right: Right | None = Right.UPLOAD_FILES
    endurance: Endurance = ENDURANCE
    priority: int = PRIORITY

    async def check(self, tx: Transaction, who: Person | System, data: FileProcessingData) -> None:
        try:
            await seen_file(tx, who, data.file_id)
        except NotFoundError as error:
            raise InvalidError("names no file of yours", pointer="/file_id") from error

    async def run(self, work: TaskWork) -> TaskEnd:
        file = await self._changed(
            work,
            status=FileStatus.PROCESSING,
            progress=0.0,
            error=None,
            task_id=work.task.id,
        )
        document = await self._read(work, file)
        await self._report(work, READ)
        summary = await self.summarise(work.task.organization_id, document.sections)
        await self._report(work, SUMMED_UP)
        store_index = await self.index(file, document.sections)

        async def store(tx: Transaction) -> None:
            try:
                present = await tx.files.get(file.id, lock=True)
            except NotFoundError:  # removed meanwhile: then nothing of it is to come back
                return
            ready = replace(
                present,
                status=FileStatus.READY,
                progress=1.0,
                error=None,
                summary=summary,
                metadata=_metadata(document),
            )
            await tx.files.update(ready)
            await tx.file_texts.replace(file.id, document.sections)
            await store_index(tx)

        characters = sum(len(section.text) for section in document.sections)
        result = {
            "file_id": str(file.id),
            "sections": len(document.sections),
            "characters": characters,
        }
        return TaskEnd(result=result, store=store)

    async def give_up(self, tx: Transaction, task: Task) -> None:
        try:
            file_id = msgspec.convert(task.task_data, FileProcessingData).file_id
            file = await tx.files.get(file_id, lock=True)
        except (msgspec.ValidationError, NotFoundError):
            return  # there is no file to say it of
        if file.task_id == task.id and file.status is not FileStatus.READY:
            why = CANCELLED if task.status is TaskStatus.CANCELLED else task.error
            await tx.files.update(replace(file, status=FileStatus.FAILED, error=why))

    async def _read(self, work: TaskWork, file: File) -> ExtractedDocument:
        try:
            content = await self.blobs.read(blob_key(work.task.organization_id, file.id))
        except NotFoundError as error:
            raise TaskFailedError(GONE) from error
        document: ExtractedDocument | None = None
        told_at = self.clock.elapsed()
        async with (
            aclosing(content),
            aclosing(self.extraction.extract(content, FileType(file.content_type))) as reading,
        ):
            async for item in reading:
                if isinstance(item, ExtractedDocument):
                    document = item
                elif self.clock.elapsed() - told_at >= SECONDS_BETWEEN_REPORTS:
                    told_at = self.clock.elapsed()
                    await self._report(work, item.done * READ)
        if document is None:
            raise TaskFailedError("nothing came of reading the file")
        return document

    async def _report(self, work: TaskWork, progress: float) -> None:
        await work.report(progress)
        await self._changed(work, progress=progress)

    async def _changed(self, work: TaskWork, **changes: object) -> File:
        who = System(organization_id=work.task.organization_id)
        async with self.storage.transaction(who) as tx:
            file = replace(await tx.files.get(work.data.file_id, lock=True), **changes)
            await tx.files.update(file)
        return file


def _metadata(document: ExtractedDocument) -> dict[str, Any]:
    return document.metadata | ({"truncated": True} if document.truncated else {})
