"""A queue within one process that can be looked into."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.queue import Queue, Work


class MemoryQueue(Queue):
    """Records what is announced, and hands it to whoever works here; `is_down` takes it away."""

    def __init__(self) -> None:
        self.is_down = False
        self.announced: list[TaskHint] = []
        self._waiting: list[TaskHint] = []
        self._news = asyncio.Condition()

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        if self.is_down:
            raise UnavailableError("the queue cannot be reached")
        async with self._news:
            self.announced.extend(hints)
            self._waiting.extend(hints)
            self._news.notify_all()

    async def heard(self, hint: TaskHint) -> None:
        """Wait until the hint has been announced."""
        async with self._news:
            await self._news.wait_for(lambda: hint in self.announced)

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        raise NotImplementedError
        yield
