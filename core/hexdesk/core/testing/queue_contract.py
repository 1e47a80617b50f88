"""What every queue does.

class TestMyQueue(QueueContract):
@pytest.fixture
async def queue(self) -> AsyncIterator[Queue]:
yield MyQueue()
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from hexdesk.core.model.tasks import ALL_PRIORITIES, TaskHint
from hexdesk.core.ports.queue import Queue

DEADLINE_SECONDS = 30
BULK = 200


def hints(count: int, priority: int = 5) -> list[TaskHint]:
    """Return hints of so many tasks, which no other call returns."""
    return [
        TaskHint(task_id=_new_id(), organization_id=UUID(int=1), priority=priority)
        for _ in range(count)
    ]


class Crew:
    """Workers that note what they are given, and hold it while the gate is closed."""

    def __init__(self) -> None:
        self.begun: list[TaskHint] = []
        self.ended: list[TaskHint] = []
        self.cancelled: list[TaskHint] = []
        self.failing: set[TaskHint] = set()
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Condition()

    async def work(self, hint: TaskHint) -> None:
        """Do nothing worth mentioning."""
        self.begun.append(hint)
        self.most_at_once = max(self.most_at_once, len(self.begun) - len(self.ended))
        try:
            await self._tell()
            await self.gate.wait()
            if hint in self.failing:
                raise RuntimeError("on purpose")
        except asyncio.CancelledError:
            self.cancelled.append(hint)
            raise
        finally:
            self.ended.append(hint)
        await self._tell()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(DEADLINE_SECONDS), self._news:
            await self._news.wait_for(is_so)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


class QueueContract:
    """Every promise of the port; define its fixture `queue`, empty and with nobody at work."""

    @pytest.fixture
    def crew(self) -> Crew:
        """Return workers."""
        return Crew()

    @asynccontextmanager
    async def at_work(self, queue: Queue, crew: Crew, concurrency: int = 4) -> AsyncGenerator[None]:
        """Let the crew work on all priorities."""
        async with queue.working(crew.work, concurrency=concurrency, priorities=ALL_PRIORITIES):
            yield

    async def test_every_hint_reaches_a_worker(self, queue: Queue, crew: Crew) -> None:
        told = [hint for priority in ALL_PRIORITIES for hint in hints(2, priority)]
        async with self.at_work(queue, crew):
            await queue.announce(told)
            await crew.until(lambda: set(told) <= set(crew.ended))

    async def test_what_was_announced_before_anybody_worked_is_done(
        self, queue: Queue, crew: Crew
    ) -> None:
        told = hints(3)
        await queue.announce(told)
        async with self.at_work(queue, crew):
            await crew.until(lambda: set(told) <= set(crew.ended))

    async def test_nothing_to_announce_is_no_trouble(self, queue: Queue) -> None:
        await queue.announce([])

    async def test_only_the_priorities_asked_for_are_served(self, queue: Queue, crew: Crew) -> None:
        (low,), (high,) = hints(1, 9), hints(1, 0)
        async with queue.working(crew.work, concurrency=2, priorities=(0, 1)):
            await queue.announce([low, high])
            await crew.until(lambda: high in crew.ended)
        assert low not in crew.begun

    async def test_so_many_are_done_at_once_and_no_more(self, queue: Queue, crew: Crew) -> None:
        crew.gate.clear()
        told = hints(20, priority=0)
        async with self.at_work(queue, crew, concurrency=4):
            await queue.announce(told)
            await crew.until(lambda: len(crew.begun) == 4)
            crew.gate.set()
            await crew.until(lambda: set(told) <= set(crew.ended))
        assert crew.most_at_once == 4

    async def test_urgent_work_does_not_wait_behind_bulk_work(
        self, queue: Queue, crew: Crew
    ) -> None:
        crew.gate.clear()
        bulk, urgent = hints(BULK, priority=9), hints(1, priority=0)
        async with self.at_work(queue, crew, concurrency=4):
            await queue.announce(bulk)
            # Bulk work fills all places but those that are kept.
            await crew.until(lambda: len(crew.begun) == 3)
            await queue.announce(urgent)
            await crew.until(lambda: urgent[0] in crew.begun)
            assert len(crew.begun) == 4
            crew.gate.set()

    async def test_of_what_waits_the_urgent_is_first(self, queue: Queue, crew: Crew) -> None:
        bulk, urgent = hints(BULK, priority=9), hints(3, priority=1)
        await queue.announce([*bulk, *urgent])
        async with self.at_work(queue, crew, concurrency=2):
            await crew.until(lambda: set(urgent) <= set(crew.begun))
        assert all(crew.begun.index(hint) < BULK // 2 for hint in urgent)

    async def test_work_that_fails_stops_nobody(self, queue: Queue, crew: Crew) -> None:
        failing, told = hints(3), hints(3)
        crew.failing.update(failing)
        async with self.at_work(queue, crew, concurrency=1):
            await queue.announce([*failing, *told])
            await crew.until(lambda: set(told) <= set(crew.ended))

    async def test_whoever_leaves_does_not_wait_for_ever(self, queue: Queue, crew: Crew) -> None:
        crew.gate.clear()
        told = hints(3, priority=0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            async with self.at_work(queue, crew, concurrency=1):
                await queue.announce(told)
                await crew.until(lambda: len(crew.begun) == 1)
        assert crew.cancelled == crew.begun
        await queue.announce(hints(1))
        assert len(crew.begun) == 1


_numbers = iter(range(1, 1 << 62))


def _new_id() -> UUID:
    return UUID(int=0x7 << 76 | 0b10 << 62 | next(_numbers))
