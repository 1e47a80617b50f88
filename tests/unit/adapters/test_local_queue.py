"""What the queue within a process keeps, and what it leaves to the rows."""

import asyncio

from hexdesk.adapters.queue.local import LocalQueue
from hexdesk.core.model.tasks import ALL_PRIORITIES
from hexdesk.core.testing.queue_contract import Crew, hints


async def test_a_hint_that_waits_already_is_not_taken_again() -> None:
    queue, crew = LocalQueue(), Crew()
    again, last = hints(1), hints(1)
    await queue.announce([*again, *again])
    await queue.announce([*again, *last])
    async with queue.working(crew.work, concurrency=1, priorities=ALL_PRIORITIES):
        await crew.until(lambda: last[0] in crew.ended)
        await queue.announce(again)
        await crew.until(lambda: len(crew.ended) == 3)
    assert crew.ended == [*again, *last, *again]


async def test_more_than_fits_is_left_to_the_sweeper() -> None:
    queue, crew = LocalQueue(most_waiting=2), Crew()
    told, later = hints(3), hints(1)
    await queue.announce(told)
    async with queue.working(crew.work, concurrency=1, priorities=ALL_PRIORITIES):
        await crew.until(lambda: len(crew.ended) == 2)
        await queue.announce(later)
        await crew.until(lambda: later[0] in crew.ended)
    assert crew.ended == [*told[:2], *later]


async def test_of_what_waits_the_most_urgent_is_first_and_then_the_oldest() -> None:
    queue, crew = LocalQueue(), Crew()
    low, high = hints(2, 9), hints(2, 1)
    await queue.announce([*low, *high])
    async with queue.working(crew.work, concurrency=1, priorities=ALL_PRIORITIES):
        await crew.until(lambda: len(crew.ended) == 4)
    assert crew.ended == [*high, *low]


async def test_work_that_ends_in_time_is_not_cancelled() -> None:
    queue, crew = LocalQueue(grace_seconds=30), Crew()
    crew.gate.clear()
    told = hints(1)
    await queue.announce(told)
    async with queue.working(crew.work, concurrency=1, priorities=ALL_PRIORITIES):
        await crew.until(lambda: crew.begun == told)
        asyncio.get_running_loop().call_later(0.05, crew.gate.set)
    assert (crew.ended, crew.cancelled) == (told, [])
