"""A queue within this process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from heapq import heapify, heappush

from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.queue import Queue, Work

LAST_FRONT_PRIORITY = 4
FRONT_SHARE = 4


class LocalQueue(Queue):
    """Hands hints to workers of this process, the highest priority first, then in their order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, TaskHint]] = []
        self._known: set[TaskHint] = set()
        self._count = 0
        self._news = asyncio.Condition()

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        async with self._news:
            for hint in hints:
                if hint not in self._known:
                    self._known.add(hint)
                    self._count += 1
                    heappush(self._waiting, (hint.priority, self._count, hint))
            self._news.notify_all()

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        kept = max(1, concurrency // FRONT_SHARE) if concurrency > 1 else 0
        front = frozenset(one for one in priorities if one <= LAST_FRONT_PRIORITY)
        lanes = [front] * kept + [frozenset(priorities)] * (concurrency - kept)
        workers = [asyncio.create_task(self._work(work, lane)) for lane in lanes]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, work: Work, lane: frozenset[int]) -> None:
        while True:
            await work(await self._next(lambda hint: hint.priority in lane))

    async def _next(self, fits: Callable[[TaskHint], bool]) -> TaskHint:
        async with self._news:
            while True:
                found = [entry for entry in self._waiting if fits(entry[2])]
                if found:
                    entry = min(found)
                    self._waiting.remove(entry)
                    heapify(self._waiting)
                    self._known.discard(entry[2])
                    return entry[2]
                await self._news.wait()
