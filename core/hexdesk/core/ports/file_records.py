"""Records of files: not their bytes, but what is known of them."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter
from hexdesk.core.model.listing import Page, Slice


class Files(Protocol):
    """The organization's files."""

    @abstractmethod
    async def get(self, file_id: UUID, *, lock: bool = False) -> File:
        """Return the file; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def page(self, wanted: FileFilter, part: Slice) -> Page[File]:
        """Return a part of the list."""

    @abstractmethod
    async def add(self, file: File) -> File:
        """Store a file and return it; if its uploader has one with this content, that one."""

    @abstractmethod
    async def update(self, file: File) -> None:
        """Store what changed."""

    @abstractmethod
    async def remove(self, file_id: UUID) -> None:
        """Remove the file and all that is known of it; no agent knows it any more."""


class FileTexts(Protocol):
    """What was read in files."""

    @abstractmethod
    async def replace(self, file_id: UUID, sections: Sequence[Section]) -> None:
        """Store what a file says, in its order, in place of what was read there before."""

    @abstractmethod
    async def of_file(self, file_id: UUID) -> Sequence[Section]:
        """Return what a file says, in its order; nothing where nothing was read."""


class AgentFiles(Protocol):
    """Which files an agent knows."""

    @abstractmethod
    async def link(self, agent_id: UUID, file_id: UUID) -> None:
        """Let an agent know a file; one that knows it already still does."""

    @abstractmethod
    async def unlink(self, agent_id: UUID, file_id: UUID) -> None:
        """Have an agent know a file no more; raise `NotFoundError` if it did not."""

    @abstractmethod
    async def of_agent(self, agent_id: UUID) -> Sequence[UUID]:
        """Return the ids of the files that an agent knows, oldest first."""

    @abstractmethod
    async def is_known(self, file_id: UUID) -> bool:
        """Tell whether any agent knows the file."""
