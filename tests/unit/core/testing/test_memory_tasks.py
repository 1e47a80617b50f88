"""What the tasks in memory do beside their port's promises: time passes."""

import asyncio

import pytest

from hexdesk.core.model.tasks import Task
from hexdesk.core.testing import MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.stored_tasks import claimed, stored


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def storage(clock: SteadyClock) -> MemoryStorage:
    return MemoryStorage(clock, patience_seconds=5)


@pytest.fixture
async def company(storage: MemoryStorage) -> Company:
    return await a_company(storage)


@pytest.fixture
async def task(company: Company) -> Task:
    return await stored(company)


@pytest.mark.usefixtures("task")
async def test_a_task_that_nobody_claims_is_announced_ever_less_often(
    clock: SteadyClock, storage: MemoryStorage
) -> None:
    pauses: list[int] = []
    pause = 0
    while len(pauses) < 6:
        clock.advance(1)
        pause += 1
        if await storage.backlog.due_tasks(10):
            pauses.append(pause)
            pause = 0
    assert pauses == [10, 10, 20, 40, 60, 60]


async def test_what_is_claimed_while_it_is_looked_for_is_not_announced(
    clock: SteadyClock, storage: MemoryStorage, company: Company, task: Task
) -> None:
    clock.advance(11)
    claim = asyncio.create_task(claimed(company, task))
    # The one that looks finds it due, and has to wait until it is claimed.
    assert await asyncio.gather(storage.backlog.due_tasks(10), claim) == [[], claim.result()]
    assert claim.result() is not None
