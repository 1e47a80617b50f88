"""What is known of files, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.file_records import AgentFiles, Files, FileTexts
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

FILES = RecordTable(File, "files", called="file")

# Without an uploader nothing collides: SQLite tells one NULL from another.
ADD_FILE = f"{FILES.insert} ON CONFLICT (organization_id, sha256, uploaded_by_id) DO NOTHING"
FIND_CONTENT = "sha256 = ?1 AND uploaded_by_id = ?2"

FORGET_TEXT = f"DELETE FROM main.file_sections WHERE {OURS} AND file_id = ?1"  # noqa: S608  words of ours
ADD_TEXT = """
    INSERT INTO main.file_sections (file_id, position, page, sheet, text)
    VALUES (?1, ?2, ?3, ?4, ?5)
"""
TEXT_OF_FILE = "SELECT text, page, sheet FROM file_sections WHERE file_id = ?1 ORDER BY position"

LINK = """
    INSERT INTO main.agent_files (agent_id, file_id) VALUES (?1, ?2)
    ON CONFLICT (organization_id, agent_id, file_id) DO NOTHING
"""
UNLINK = f"DELETE FROM main.agent_files WHERE {OURS} AND agent_id = ?1 AND file_id = ?2"  # noqa: S608  words of ours
FILES_OF_AGENT = """
    SELECT f.id FROM agent_files AS known
    JOIN files AS f ON f.organization_id = known.organization_id AND f.id = known.file_id
    WHERE known.agent_id = ?1 ORDER BY f.created_at, f.id
"""
IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM agent_files WHERE file_id = ?1)"


@dataclass(slots=True)
class SqliteFiles(Files):
    """The files of a transaction's organization."""

    bound: BoundConnection

    async def get(self, file_id: UUID, *, lock: bool = False) -> File:
        return await FILES.get(self.bound, file_id, lock=lock)

    async def page(self, wanted: FileFilter, part: Slice) -> Page[File]:
        conditions = Conditions()
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("sha256 = {}", wanted.sha256)
        conditions.add_known("id IN (SELECT value FROM json_each({}))", wanted.ids)
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
class SqliteFileTexts(FileTexts):
    """What was read in the files of a transaction's organization."""

    bound: BoundConnection

    async def replace(self, file_id: UUID, sections: Sequence[Section]) -> None:
        await FILES.get(self.bound, file_id, lock=True)
        await self.bound.change(FORGET_TEXT, file_id)
        rows = [
            (file_id, place, one.page, one.sheet, one.text) for place, one in enumerate(sections, 1)
        ]
        await self.bound.change_each(ADD_TEXT, rows)

    async def of_file(self, file_id: UUID) -> Sequence[Section]:
        rows = await self.bound.rows(TEXT_OF_FILE, file_id)
        return [Section(text=text, page=page, sheet=sheet) for text, page, sheet in rows]


@dataclass(slots=True)
class SqliteAgentFiles(AgentFiles):
    """Which files the agents of a transaction's organization know."""

    bound: BoundConnection

    async def link(self, agent_id: UUID, file_id: UUID) -> None:
        await self.bound.change(LINK, agent_id, file_id)

    async def unlink(self, agent_id: UUID, file_id: UUID) -> None:
        if not await self.bound.change(UNLINK, agent_id, file_id):
            raise NotFoundError(f"agent {agent_id!s} does not know file {file_id!s}")

    async def of_agent(self, agent_id: UUID) -> Sequence[UUID]:
        return [UUID(row[0]) for row in await self.bound.rows(FILES_OF_AGENT, agent_id)]

    async def is_known(self, file_id: UUID) -> bool:
        return bool(await self.bound.value(IS_KNOWN, file_id))
