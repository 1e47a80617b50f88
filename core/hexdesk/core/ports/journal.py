"""Where answers wait that storage could not take."""

from abc import abstractmethod
from typing import Protocol


class Journal(Protocol):
    """Keeps entries on this machine, encrypted, through a restart, in order, within a bound."""

    @abstractmethod
    async def append(self, entry: bytes) -> None:
        """Keep the entry; durable on return. Raise `JournalFullError` if it cannot be kept."""

    @abstractmethod
    async def pending(self) -> tuple[tuple[str, bytes], ...]:
        """Return the entries not yet removed with their names, oldest first."""

    @abstractmethod
    async def remove(self, name: str) -> None:
        """Forget an entry that storage has taken; one that is not there is no error."""

    @abstractmethod
    def problem(self) -> str | None:
        """Say in words why the next entry could not be kept, or None."""
