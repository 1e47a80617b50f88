"""Records of the tools of attached servers."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from hexdesk.core.model.attached_tools import AttachedTool, FoundTool


class AttachedTools(Protocol):
    """The tools of the organization's attached servers; they go with their integration."""

    @abstractmethod
    async def all(self) -> Sequence[FoundTool]:
        """Return all of them by name, also those that may not be called now."""

    @abstractmethod
    async def named(self, names: Collection[str]) -> Sequence[FoundTool]:
        """Return those that have one of the names, by name; a name may be nobody's."""

    @abstractmethod
    async def add(self, tool: AttachedTool) -> None:
        """Store a tool.

        Raise `ConflictError` if one of the organization has its name, and `NotFoundError` if its
        integration is not there.
        """

    @abstractmethod
    async def update(self, tool: AttachedTool) -> None:
        """Store what changed; the name, the prefix and the integration do not."""
