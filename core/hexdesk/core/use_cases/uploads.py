"""Taking files in: the bytes first, while they come, and then what is known of them."""

import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass, field
from uuid import UUID

from hexdesk.core.errors import (
    DeskError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
)
from hexdesk.core.model.files import File, FileFilter, Upload
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, Person, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.file_names import blob_key, file_name
from hexdesk.core.policy.file_types import HEAD_BYTES, type_of_file
from hexdesk.core.policy.rights import Right, files_seen_by, require
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.blob_removal import removal_task
from hexdesk.core.use_cases.file_processing import processing_task
from hexdesk.core.use_cases.organizations import check_agent

FILE = "/file"
OLDEST = Slice(limit=1, sort="created_at")
MEGABYTE = 1024 * 1024

log = logging.getLogger("hexdesk.files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file on its way: `claimed` is the type that its sender says it is of."""

    filename: str
    claimed: str | None
    content: AsyncIterable[bytes]


class _Passing:
    """Bytes on their way: counted and hashed as they pass, and stopped where they are too many."""

    def __init__(self, content: AsyncIterable[bytes], most: int) -> None:
        self.head = b""
        self.size = 0
        self._content = aiter(content)
        self._most = most
        self._sha256 = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Return the hash of what has passed."""
        return self._sha256.hexdigest()

    async def begin(self) -> None:
        """Read enough to tell the type of the file."""
        async for piece in self._content:
            self.head += piece
            if len(self.head) >= HEAD_BYTES:
                return

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield all of it, from the beginning."""
        yield self._passed(self.head)
        async for piece in self._content:
            yield self._passed(piece)

    def _passed(self, piece: bytes) -> bytes:
        self.size += len(piece)
        if self.size > self._most:
            raise TooLargeError(f"the file is larger than {self._most / MEGABYTE:g} MB")
        self._sha256.update(piece)
        return piece


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveUpload:
    """Store a file's bytes as they come; until they are kept, only the caller knows of them."""

    blobs: Blobs
    clock: Clock
    settings: DeskSettings
    _under_way: set[UUID] = field(default_factory=set[UUID])

    async def __call__(self, who: Person | System, incoming: Incoming) -> Upload:
        """Return what was stored.

        Raise `InvalidError` for an empty file, `TooLargeError`, `UnsupportedFileError`, and
        `UnavailableError` if the bytes cannot be stored, or too many files come at once. What the
        content raises is raised on. Then nothing is stored.
        """
        require(who, Right.UPLOAD_FILES)
        if len(self._under_way) >= self.settings.most_uploads:
            raise UnavailableError("too many files are coming in: try again a little later")
        file_id = self.clock.new_id()
        self._under_way.add(file_id)
        try:
            return await self._store(who, file_id, incoming)
        finally:
            self._under_way.discard(file_id)

    async def _store(self, who: Person | System, file_id: UUID, incoming: Incoming) -> Upload:
        passing = _Passing(incoming.content, self.settings.most_file_bytes)
        await passing.begin()
        if not passing.head:
            raise InvalidError("the file is empty", pointer=FILE)
        name = file_name(incoming.filename)
        file_type = type_of_file(name, incoming.claimed, passing.head)
        await self.blobs.write(blob_key(who.organization_id, file_id), passing.pieces())
        return Upload(
            file_id=file_id,
            filename=name,
            content_type=file_type.value,
            size=passing.size,
            sha256=passing.sha256,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepUpload:
    """Make a file of what was stored, and have it read."""

    storage: Storage
    clock: Clock

    async def __call__(
        self, who: Person | System, upload: Upload, agent_id: UUID | None = None
    ) -> File:
        """Return the file; if the caller sees one with the same content already, that one.

        With `agent_id` the agent knows it. Raise `InvalidError` for an agent that is not there.
        """
        require(who, Right.UPLOAD_FILES)
        if agent_id:
            require(who, Right.CHANGE_AGENTS)
        async with self.storage.transaction(who) as tx:
            if agent_id:
                await check_agent(tx, agent_id)
            file = await _same(tx, who, upload) or await self._add(tx, who, upload)
            if agent_id:
                await tx.agent_files.link(agent_id, file.id)
        return file

    async def _add(self, tx: Transaction, who: Person | System, upload: Upload) -> File:
        task = processing_task(self.clock, who, upload.file_id)
        file = File(
            id=upload.file_id,
            filename=upload.filename,
            content_type=upload.content_type,
            size=upload.size,
            sha256=upload.sha256,
            task_id=task.id,
            uploaded_by_id=who.user_id if isinstance(who, Member) else None,
            created_at=self.clock.now(),
        )
        kept = await tx.files.add(file)
        if kept.id == file.id:
            await tx.tasks.add(task)
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardUpload:
    """Remove the bytes of an upload of which no file was made; those of a file stay."""

    storage: Storage
    blobs: Blobs
    clock: Clock

    async def __call__(self, who: Person | System, upload: Upload) -> None:
        """Remove them now or, if the store is gone, later; never raises for what is down."""
        try:
            if await self._is_kept(who, upload):
                return
            await self.blobs.remove(blob_key(who.organization_id, upload.file_id))
        except UnavailableError:
            await self._put_off(who, upload)

    async def _is_kept(self, who: Person | System, upload: Upload) -> bool:
        # A commit whose outcome nobody heard of may have made a file of it.
        async with self.storage.transaction(System(organization_id=who.organization_id)) as tx:
            try:
                await tx.files.get(upload.file_id)
            except NotFoundError:
                return False
            return True

    async def _put_off(self, who: Person | System, upload: Upload) -> None:
        organization_id = who.organization_id
        try:
            async with self.storage.transaction(System(organization_id=organization_id)) as tx:
                await tx.tasks.add(removal_task(self.clock, organization_id, upload.file_id))
        except DeskError as error:
            # Nobody can reach them: they only take room.
            about = {"file_id": str(upload.file_id), "reason": str(error)}
            log.warning("bytes left behind", extra=about)


async def _same(tx: Transaction, who: Person | System, upload: Upload) -> File | None:
    wanted = FileFilter(sha256=upload.sha256, seen_by=files_seen_by(who))
    found = await tx.files.page(wanted, OLDEST)
    return found.data[0] if found.data else None
