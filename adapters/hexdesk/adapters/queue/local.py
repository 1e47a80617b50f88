"""A queue within this process."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from hexdesk.core.model.tasks import ALL_PRIORITIES, TaskHint
from hexdesk.core.policy.lanes import lanes
from hexdesk.core.ports.queue import Queue, Work

MOST_WAITING = 100_000
GRACE_SECONDS = 5
# Whoever is cancelled may still have to let go of something.
LET_GO_SECONDS = 3

log = logging.getLogger("hexdesk.queue")


class LocalQueue(Queue):
    """Hands hints to workers of this process, the highest priority first, then in their order.

    A hint that waits already is not taken again, and one too many not at all: the row is the
    truth, and is announced again. Work under way gets `grace_seconds` to end by itself.
    """

    def __init__(
        self, *, most_waiting: int = MOST_WAITING, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._most_waiting = most_waiting
        self._grace_seconds = grace_seconds
        self._waiting: dict[int, deque[TaskHint]] = {
            priority: deque() for priority in ALL_PRIORITIES
        }
        self._known: set[TaskHint] = set()
        self._news = asyncio.Condition()

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        async with self._news:
            for hint in hints:
                if hint not in self._known and len(self._known) < self._most_waiting:
                    self._known.add(hint)
                    self._waiting[hint.priority].append(hint)
            self._news.notify_all()

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        stopping = asyncio.Event()
        places = [
            asyncio.create_task(self._work(work, lane, stopping), name="task worker")
            for lane in lanes(concurrency, priorities)
        ]
        try:
            yield
        finally:
            stopping.set()
            async with self._news:
                self._news.notify_all()
            if places:
                await asyncio.wait(places, timeout=self._grace_seconds)
            for place in places:
                place.cancel()
            if places:
                await asyncio.wait(places, timeout=LET_GO_SECONDS)

    async def _work(self, work: Work, lane: Sequence[int], stopping: asyncio.Event) -> None:
        while hint := await self._next(lane, stopping):
            try:
                await work(hint)
            except Exception:
                # The edge of a background task: the next hint may be of one that can be done.
                log.exception("task could not be tried", extra={"task_id": str(hint.task_id)})

    async def _next(self, lane: Sequence[int], stopping: asyncio.Event) -> TaskHint | None:
        async with self._news:
            while not stopping.is_set():
                for priority in lane:
                    if self._waiting[priority]:
                        hint = self._waiting[priority].popleft()
                        self._known.discard(hint)
                        return hint
                await self._news.wait()
        return None
