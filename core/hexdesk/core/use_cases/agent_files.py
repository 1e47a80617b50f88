"""What agents know: letting one know a file, and having it forget."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from hexdesk.core.errors import InvalidError, NotFoundError
from hexdesk.core.model.files import File, FileFilter
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.seen_files import seen_file


class KnownFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that an agent is to know."""

    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgentFiles:
    """Show what an agent knows."""

    storage: Storage

    async def __call__(self, who: Principal, agent_id: UUID, part: Slice) -> Page[File]:
        """Return a part of the list."""
        require(who, Right.READ_FILES)
        check_sort(File, part.sort)
        async with self.storage.transaction(who) as tx:
            await tx.agents.get(agent_id)
            return await tx.files.page(FileFilter(agent_id=agent_id), part)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFile:
    """Let an agent know a file."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, who: Principal, agent_id: UUID, wish: KnownFile) -> File:
        """Return the file; raise `InvalidError` for one that does not exist for the caller."""
        require(who, Right.CHANGE_AGENTS)
        async with self.storage.transaction(who) as tx:
            await tx.agents.get(agent_id)
            try:
                file = await seen_file(tx, who, wish.file_id, lock=True)
            except NotFoundError as error:
                raise InvalidError("names no file of yours", pointer="/file_id") from error
            await tx.agent_files.link(agent_id, file.id)
            await self.auditor.note(
                tx, who, "agent.file_added", target=("agent", agent_id), file_id=str(file.id)
            )
        return file


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkFile:
    """Have an agent forget a file; the file stays."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, who: Principal, agent_id: UUID, file_id: UUID) -> None:
        """Do it; raise `NotFoundError` if the agent does not know it."""
        require(who, Right.CHANGE_AGENTS)
        async with self.storage.transaction(who) as tx:
            await tx.agent_files.unlink(agent_id, file_id)
            await self.auditor.note(
                tx, who, "agent.file_removed", target=("agent", agent_id), file_id=str(file_id)
            )
