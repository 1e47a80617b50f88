"""Presence in memory."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.presence import Presence


class MemoryPresence(Presence):
    """Knows of this process alone; `is_gone = True` makes it know nothing."""

    def __init__(self) -> None:
        self.is_gone = False
        self._here: Counter[ProcessKind] = Counter()

    @asynccontextmanager
    async def here(self, kind: ProcessKind) -> AsyncGenerator[None]:
        self._here[kind] += 1
        try:
            yield
        finally:
            self._here[kind] -= 1

    async def counts(self) -> Mapping[ProcessKind, int]:
        if self.is_gone:
            raise UnavailableError("nobody knows who is there")
        return {kind: self._here[kind] for kind in ProcessKind}
