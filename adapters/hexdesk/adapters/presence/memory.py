"""Presence where no process knows of another."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.presence import Presence


class MemoryPresence(Presence):
    """Knows what this process is there for."""

    def __init__(self) -> None:
        self._here: Counter[ProcessKind] = Counter()

    @asynccontextmanager
    async def here(self, kind: ProcessKind) -> AsyncGenerator[None]:
        self._here[kind] += 1
        try:
            yield
        finally:
            self._here[kind] -= 1

    async def counts(self) -> Mapping[ProcessKind, int]:
        return {kind: self._here[kind] for kind in ProcessKind}
