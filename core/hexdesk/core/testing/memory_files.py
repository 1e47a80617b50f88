"""What is known of files, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.file_records import AgentFiles, Files, FileTexts
from hexdesk.core.testing.memory_records import Draft, Records, found, page_of


@dataclass(frozen=True)
class MemoryFiles(Files):
    """The files in a draft."""

    draft: Draft

    async def get(self, file_id: UUID, *, lock: bool = False) -> File:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.files, file_id, "file")

    async def page(self, wanted: FileFilter, part: Slice) -> Page[File]:
        records = self.draft.records
        return page_of((one for one in records.files.values() if _fits(records, one, wanted)), part)

    async def add(self, file: File) -> File:
        records = await self.draft.to_write()
        if file.uploaded_by_id is not None:
            found(records.users, file.uploaded_by_id, "user")
            content = (file.sha256, file.uploaded_by_id)
            for other in records.files.values():
                if (other.sha256, other.uploaded_by_id) == content:
                    return other
        records.files[file.id] = file
        return file

    async def update(self, file: File) -> None:
        records = await self.draft.to_write()
        found(records.files, file.id, "file")
        records.files[file.id] = file

    async def remove(self, file_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.files, file_id, "file")
        del records.files[file_id]
        records.sections.pop(file_id, None)
        records.passages.pop(file_id, None)
        records.vectors.pop(file_id, None)
        records.agent_files = {pair for pair in records.agent_files if pair[1] != file_id}


def _fits(records: Records, file: File, wanted: FileFilter) -> bool:
    exact = ("status", "sha256")
    return (
        all(getattr(wanted, name) in (None, getattr(file, name)) for name in exact)
        and (wanted.ids is None or file.id in wanted.ids)
        and (wanted.agent_id is None or (wanted.agent_id, file.id) in records.agent_files)
        and (
            wanted.seen_by is None
            or file.uploaded_by_id == wanted.seen_by
            or _is_known(records, file.id)
        )
    )


def _is_known(records: Records, file_id: UUID) -> bool:
    return any(known == file_id for _, known in records.agent_files)


@dataclass(frozen=True)
class MemoryFileTexts(FileTexts):
    """What was read in files, in a draft."""

    draft: Draft

    async def replace(self, file_id: UUID, sections: Sequence[Section]) -> None:
        records = await self.draft.to_write()
        found(records.files, file_id, "file")
        records.sections[file_id] = tuple(sections)

    async def of_file(self, file_id: UUID) -> Sequence[Section]:
        return self.draft.records.sections.get(file_id, ())


@dataclass(frozen=True)
class MemoryAgentFiles(AgentFiles):
    """Which files the agents in a draft know."""

    draft: Draft

    async def link(self, agent_id: UUID, file_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.agents, agent_id, "agent")
        found(records.files, file_id, "file")
        records.agent_files.add((agent_id, file_id))

    async def unlink(self, agent_id: UUID, file_id: UUID) -> None:
        records = await self.draft.to_write()
        pairs = dict.fromkeys(records.agent_files)
        found(pairs, (agent_id, file_id), "file that the agent knows:")
        records.agent_files.discard((agent_id, file_id))

    async def of_agent(self, agent_id: UUID) -> Sequence[UUID]:
        files = self.draft.records.files
        known = [
            files[file_id] for agent, file_id in self.draft.records.agent_files if agent == agent_id
        ]
        return [file.id for file in sorted(known, key=lambda file: (file.created_at, file.id))]

    async def is_known(self, file_id: UUID) -> bool:
        return _is_known(self.draft.records, file_id)
