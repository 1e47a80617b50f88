"""What is known of files, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.record_table import RecordTable
from hexdesk.adapters.storage.postgres.tables import FileRow
from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.file_records import AgentFiles, Files, FileTexts

FILES = RecordTable(File, FileRow, called="file")

# Without an uploader nothing collides: PostgreSQL tells one NULL from another.
ADD_FILE = f"{FILES.insert} ON CONFLICT (organization_id, sha256, uploaded_by_id) DO NOTHING"
# A statement of its own: the one that waited does not see what it waited for.
FIND_CONTENT = "sha256 = $1 AND uploaded_by_id = $2"

FORGET_TEXT = "DELETE FROM file_sections WHERE file_id = $1"
ADD_TEXT = """
    INSERT INTO file_sections (file_id, position, page, sheet, text)
    SELECT $1, position, page, sheet, text
    FROM unnest($2::int[], $3::text[], $4::text[]) WITH ORDINALITY
        AS section (page, sheet, text, position)
"""
TEXT_OF_FILE = "SELECT text, page, sheet FROM file_sections WHERE file_id = $1 ORDER BY position"

LINK = """
    INSERT INTO agent_files (agent_id, file_id) VALUES ($1, $2)
    ON CONFLICT (organization_id, agent_id, file_id) DO NOTHING
"""
UNLINK = "DELETE FROM agent_files WHERE agent_id = $1 AND file_id = $2"
FILES_OF_AGENT = """
    SELECT f.id FROM agent_files AS known
    JOIN files AS f ON f.organization_id = known.organization_id AND f.id = known.file_id
    WHERE known.agent_id = $1 ORDER BY f.created_at, f.id
"""
IS_KNOWN = "SELECT EXISTS (SELECT FROM agent_files WHERE file_id = $1)"


@dataclass(slots=True)
class PostgresFiles(Files):
    """The files of a transaction's organization."""

    bound: BoundConnection

    async def get(self, file_id: UUID, *, lock: bool = False) -> File:
        return await FILES.get(self.bound, file_id, lock=lock)

    async def page(self, wanted: FileFilter, part: Slice) -> Page[File]:
        conditions = Conditions()
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("sha256 = {}", wanted.sha256)
        conditions.add_known("id = ANY ({}::uuid[])", wanted.ids)
        conditions.add_known(
            "id IN (SELECT file_id FROM agent_files WHERE agent_id = {})", wanted.agent_id
        )
        conditions.add_known(
            "(uploaded_by_id = {} OR id IN (SELECT file_id FROM agent_files))", wanted.seen_by
        )
        return await FILES.page(self.bound, part, conditions)

    async def add(self, file: File) -> File:
        if await self.bound.change(ADD_FILE, *FILES.written_values(file)):
            return file
        first = await FILES.find(self.bound, FIND_CONTENT, file.sha256, file.uploaded_by_id)
        if first is None:
            raise FILES.not_found(file.id)  # removed between the two statements
        return first

    async def update(self, file: File) -> None:
        await FILES.update(self.bound, file)

    async def remove(self, file_id: UUID) -> None:
        await FILES.remove(self.bound, file_id)


@dataclass(slots=True)
class PostgresFileTexts(FileTexts):
    """What was read in the files of a transaction's organization."""

    bound: BoundConnection

    async def replace(self, file_id: UUID, sections: Sequence[Section]) -> None:
        await FILES.get(self.bound, file_id, lock=True)
        await self.bound.change(FORGET_TEXT, file_id)
        columns = ([getattr(one, name) for one in sections] for name in ("page", "sheet", "text"))
        await self.bound.change(ADD_TEXT, file_id, *columns)

    async def of_file(self, file_id: UUID) -> Sequence[Section]:
        rows = await self.bound.rows(TEXT_OF_FILE, file_id)
        return [Section(text=text, page=page, sheet=sheet) for text, page, sheet in rows]


@dataclass(slots=True)
class PostgresAgentFiles(AgentFiles):
    """Which files the agents of a transaction's organization know."""

    bound: BoundConnection

    async def link(self, agent_id: UUID, file_id: UUID) -> None:
        await self.bound.change(LINK, agent_id, file_id)

    async def unlink(self, agent_id: UUID, file_id: UUID) -> None:
        if not await self.bound.change(UNLINK, agent_id, file_id):
            raise NotFoundError(f"agent {agent_id!s} does not know file {file_id!s}")

    async def of_agent(self, agent_id: UUID) -> Sequence[UUID]:
        return [row[0] for row in await self.bound.rows(FILES_OF_AGENT, agent_id)]

    async def is_known(self, file_id: UUID) -> bool:
        return await self.bound.value(IS_KNOWN, file_id)
