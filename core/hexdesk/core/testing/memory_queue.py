"""A queue within one process that can be looked into."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.policy.lanes import lanes
from hexdesk.core.ports.queue import Queue, Work


class MemoryQueue(Queue):
    """Records what is announced and how work failed; `is_down` takes the queue away."""

    def __init__(self) -> None:
        self.is_down = False
        self.announced: list[TaskHint] = []
        self.failures: list[Exception] = []
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
        places = [
            asyncio.create_task(self._work(work, lane)) for lane in lanes(concurrency, priorities)
        ]
        try:
            yield
        finally:
            for place in places:
                place.cancel()
            await asyncio.gather(*places, return_exceptions=True)

    async def _work(self, work: Work, lane: Sequence[int]) -> None:
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._fitting(lane))
                hint = min(self._fitting(lane), key=attrgetter("priority"))
                self._waiting.remove(hint)
            try:
                await work(hint)
            except RuntimeError as error:
                self.failures.append(error)

    def _fitting(self, lane: Sequence[int]) -> list[TaskHint]:
        return [hint for hint in self._waiting if hint.priority in lane]
