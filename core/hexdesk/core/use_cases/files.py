"""Files: finding, showing, reading and removing them."""

import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, ForbiddenError, UnavailableError
from hexdesk.core.model.files import File, FileFilter, FileStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.file_names import blob_key
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, files_seen_by, may, require
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.blob_removal import removal_task
from hexdesk.core.use_cases.seen_files import seen_file

log = logging.getLogger("hexdesk.files")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFiles:
    """Show the files that exist for the caller."""

    storage: Storage

    async def __call__(self, who: Principal, wanted: FileFilter, part: Slice) -> Page[File]:
        """Return a part of the list: what the caller uploaded or an agent knows, or all."""
        require(who, Right.READ_FILES)
        check_sort(File, part.sort)
        seen = replace(wanted, seen_by=files_seen_by(who))
        async with self.storage.transaction(who) as tx:
            return await tx.files.page(seen, part)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFile:
    """Show what is known of a file."""

    storage: Storage

    async def __call__(self, who: Principal, file_id: UUID) -> File:
        """Return it."""
        require(who, Right.READ_FILES)
        async with self.storage.transaction(who) as tx:
            return await seen_file(tx, who, file_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """Give out the bytes of a file."""

    storage: Storage
    blobs: Blobs

    async def __call__(self, who: Principal, file_id: UUID) -> tuple[File, AsyncGenerator[bytes]]:
        """Return what is known of it, and its bytes as they come.

        Raise `UnavailableError` if the bytes cannot be had.
        """
        require(who, Right.READ_FILES)
        async with self.storage.transaction(who) as tx:
            file = await seen_file(tx, who, file_id)
        return file, await self.blobs.read(blob_key(who.organization_id, file_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """Give out what was read in a file."""

    storage: Storage

    async def __call__(self, who: Principal, file_id: UUID) -> str:
        """Return its text; raise `ConflictError` for one that has not been read, or cannot be."""
        require(who, Right.READ_FILES)
        async with self.storage.transaction(who) as tx:
            file = await seen_file(tx, who, file_id)
            if file.status is FileStatus.FAILED:
                raise ConflictError(f"the file could not be read: {file.error}")
            if file.status is not FileStatus.READY:
                raise ConflictError("the file is still being read: ask again when it is ready")
            sections = await tx.file_texts.of_file(file_id)
        return "\n\n".join(section.text for section in sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFile:
    """Remove a file: its bytes, its text, and what agents know of it."""

    storage: Storage
    blobs: Blobs
    clock: Clock
    auditor: Auditor

    async def __call__(self, who: Principal, file_id: UUID) -> None:
        """Remove it; raise `ForbiddenError` for a file that is not the caller's own to remove.

        A member removes what it uploaded and no agent knows, since what agents know is for
        admins to decide. Messages keep the id of a file that was attached.
        """
        require(who, Right.READ_FILES)
        async with self.storage.transaction(who) as tx:
            file = await seen_file(tx, who, file_id, lock=True)
            if not may(who, Right.SEE_ALL_FILES) and await tx.agent_files.is_known(file_id):
                raise ForbiddenError("only admins remove a file that an agent knows")
            await tx.files.remove(file_id)
            await tx.tasks.add(removal_task(self.clock, who.organization_id, file_id))
            await self.auditor.note(
                tx,
                who,
                "file.deleted",
                target=("file", file_id),
                filename=file.filename,
                sha256=file.sha256,
            )
        try:
            await self.blobs.remove(blob_key(who.organization_id, file_id))
        except UnavailableError as error:
            # The task that was stored with it removes them when it can.
            about = {"file_id": str(file_id), "reason": str(error)}
            log.warning("bytes not removed yet", extra=about)
