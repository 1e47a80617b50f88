"""How the processes of an installation know of each other."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from hexdesk.core.model.presence import ProcessKind


class Presence(Protocol):
    """Knows who is there; whoever dies without a word is missed within seconds."""

    @abstractmethod
    def here(self, kind: ProcessKind) -> AbstractAsyncContextManager[None]:
        """Say that a process of this kind is alive, for as long as it is inside; never raises."""

    @abstractmethod
    async def counts(self) -> Mapping[ProcessKind, int]:
        """Return how many processes of each kind are alive.

        Raise `UnavailableError` if that cannot be known.
        """
