"""The part of the storage contract about who does a task: one process at a time."""

import asyncio

from msgspec.structs import replace

from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.storage_fixtures import StorageFixtures
from hexdesk.core.testing.stored_tasks import at_work, claimed, stored

FINAL = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED)


class TaskLeaseContract(StorageFixtures):
    """A task is done by one process at a time."""

    async def test_a_claimed_task_is_running_and_has_an_attempt_more(self, ours: Company) -> None:
        task = await stored(ours, attempts=1)
        token, until = examples.new_id(), examples.FAR_AHEAD
        async with ours.transaction() as transaction:
            held = await transaction.tasks.claim(task.id, token, until)
            assert held is not None
            assert await transaction.tasks.get(task.id) == held
        assert held == replace(
            task,
            status=TaskStatus.RUNNING,
            lease_token=token,
            lease_until=until,
            attempts=2,
            started_at=held.started_at,
        )
        assert held.started_at is not None

    async def test_of_many_that_claim_a_task_at_once_one_gets_it(self, ours: Company) -> None:
        task = await stored(ours)
        tried = await asyncio.gather(*(claimed(ours, task) for _ in range(8)))
        assert [one.attempts for one in tried if one is not None] == [1]

    async def test_many_that_claim_many_tasks_at_once_claim_each_once(self, ours: Company) -> None:
        tasks = [await stored(ours) for _ in range(10)]

        async def claim_all() -> list[Task]:
            tried = [await claimed(ours, task) for task in tasks]
            return [one for one in tried if one is not None]

        got = [
            one.id
            for part in await asyncio.gather(*(claim_all() for _ in range(5)))
            for one in part
        ]
        assert sorted(got) == sorted(task.id for task in tasks)

    async def test_a_task_that_is_not_ready_is_not_claimed(self, ours: Company) -> None:
        assert await claimed(ours, await stored(ours, ready_at=examples.FAR_AHEAD)) is None

    async def test_a_task_that_has_ended_is_not_claimed(self, ours: Company) -> None:
        for status in FINAL:
            assert await claimed(ours, await stored(ours, status=status)) is None

    async def test_what_is_no_task_is_not_claimed(self, ours: Company, theirs: Company) -> None:
        assert await claimed(ours, a_task(ours.organization.id)) is None
        assert await claimed(ours, await stored(theirs)) is None

    async def test_a_task_that_is_held_is_not_claimed(self, ours: Company) -> None:
        assert await claimed(ours, await at_work(ours)) is None

    async def test_a_task_whose_lease_is_over_is_claimed_again(self, ours: Company) -> None:
        lost = await at_work(ours, examples.LONG_AGO, max_attempts=2)
        again = await claimed(ours, lost)
        assert again is not None
        assert (again.attempts, again.started_at) == (2, lost.started_at)
        assert again.lease_token != lost.lease_token

    async def test_a_task_without_an_attempt_left_is_not_claimed(self, ours: Company) -> None:
        lost = await at_work(ours, examples.LONG_AGO, max_attempts=1)
        assert await claimed(ours, lost) is None
        async with ours.transaction() as transaction:
            assert await transaction.tasks.get(lost.id) == lost
        assert await claimed(ours, await stored(ours, attempts=3, max_attempts=3)) is None

    async def test_the_holder_says_how_far_it_is(self, ours: Company) -> None:
        task, until = await at_work(ours, examples.LONG_AGO), examples.FAR_AHEAD
        token = task.lease_token
        assert token is not None
        async with ours.transaction() as transaction:
            tasks = transaction.tasks
            assert await tasks.renew(task.id, token, until, progress=0.5, steps=b"step 1")
            assert await tasks.renew(task.id, token, until)
            expected = replace(task, lease_until=until, progress=0.5, steps=b"step 1")
            assert await tasks.get(task.id) == expected
            assert await tasks.renew(task.id, token, until, progress=0.0, steps=b"")
            assert await tasks.get(task.id) == replace(expected, progress=0.0, steps=b"")
        assert await claimed(ours, task) is None

    async def test_a_task_ends_with_its_result(self, ours: Company) -> None:
        task = await at_work(ours, task_data={"text": "Who calls?"})
        ended = replace(
            task,
            status=TaskStatus.SUCCEEDED,
            progress=1.0,
            result={"answer": "Ada"},
            attempts=0,
            finished_at=examples.later(3),
        )
        async with ours.transaction() as transaction:
            # How it ended is stored, and nothing else that its holder says of it.
            assert await transaction.tasks.settle(replace(ended, max_attempts=9, task_data={}))
        async with ours.transaction() as transaction:
            expected = replace(ended, lease_token=None, lease_until=None)
            assert await transaction.tasks.get(task.id) == expected

    async def test_a_task_that_is_to_be_tried_again_is_queued_until_it_is_ready(
        self, ours: Company
    ) -> None:
        task = await at_work(ours)
        later = replace(
            task,
            status=TaskStatus.QUEUED,
            error="try later",
            ready_at=examples.FAR_AHEAD,
            steps=b"step 1",
        )
        async with ours.transaction() as transaction:
            assert await transaction.tasks.settle(later)
        assert await claimed(ours, task) is None
        async with ours.transaction() as transaction:
            expected = replace(later, lease_token=None, lease_until=None)
            assert await transaction.tasks.get(task.id) == expected

    async def test_who_lost_the_lease_of_a_task_writes_nothing(self, ours: Company) -> None:
        lost = await at_work(ours, examples.LONG_AGO)
        taken = await claimed(ours, lost)
        assert taken is not None
        assert not await is_written(ours, lost)
        async with ours.transaction() as transaction:
            assert await transaction.tasks.get(lost.id) == taken

    async def test_the_holder_of_a_task_that_was_cancelled_writes_nothing(
        self, ours: Company
    ) -> None:
        task = await at_work(ours)
        # Also one that is cancelled by somebody who leaves the lease where it is.
        for lease_token in (task.lease_token, None):
            cancelled = replace(task, status=TaskStatus.CANCELLED, lease_token=lease_token)
            async with ours.transaction() as transaction:
                await transaction.tasks.update(cancelled)
            assert not await is_written(ours, task)
            async with ours.transaction() as transaction:
                assert await transaction.tasks.get(task.id) == cancelled

    async def test_a_task_that_nobody_holds_is_not_settled(self, ours: Company) -> None:
        task = await stored(ours)
        async with ours.transaction() as transaction:
            assert not await transaction.tasks.settle(replace(task, status=TaskStatus.FAILED))
            assert await transaction.tasks.get(task.id) == task


async def is_written(company: Company, task: Task) -> bool:
    """Tell whether whoever thinks it holds the task can write anything."""
    assert task.lease_token is not None
    ended = replace(task, status=TaskStatus.SUCCEEDED, finished_at=examples.later(1))
    async with company.transaction() as transaction:
        return (
            await transaction.tasks.renew(task.id, task.lease_token, examples.FAR_AHEAD)
            or await transaction.tasks.renew(
                task.id, task.lease_token, examples.FAR_AHEAD, progress=0.9, steps=b"late"
            )
            or await transaction.tasks.settle(ended)
        )
