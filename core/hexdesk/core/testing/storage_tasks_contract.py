"""The part of the storage contract about tasks: what they are, and which are listed."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Customer
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures
from hexdesk.core.testing.stored_tasks import at_work, stored


class TaskRecordContract(StorageFixtures):
    """What a task is, and which are listed."""

    async def test_a_task_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        plain = await stored(ours)
        full = await stored(
            ours,
            agent_id=conversation.agent.id,
            created_by_id=ours.admin.id,
            principal=Customer(organization_id=ours.organization.id, customer_id="U1"),
            status=TaskStatus.FAILED,
            progress=0.25,
            priority=9,
            scheduled_at=examples.later(60),
            ready_at=examples.later(61),
            attempts=2,
            max_attempts=5,
            result={"answer": [1, None]},
            error="it did not work",
            started_at=examples.later(1),
            finished_at=examples.later(2),
            steps=b"\x00\xff",
            dedupe_key="full",
        )
        async with ours.transaction() as transaction:
            assert await transaction.tasks.get(plain.id) == plain
            assert await transaction.tasks.get(full.id, lock=True) == full

    async def test_of_one_dedupe_key_there_is_one_task(
        self, ours: Company, theirs: Company
    ) -> None:
        first = await stored(ours, dedupe_key="nightly")
        assert await stored(ours, dedupe_key="nightly") == first
        assert await stored(theirs, dedupe_key="nightly") != first
        assert await stored(ours, dedupe_key="weekly") != first
        async with ours.transaction() as transaction:
            assert (await transaction.tasks.page(TaskFilter(), examples.ALL)).total == 2

    async def test_of_many_that_store_one_dedupe_key_at_once_all_get_the_same_task(
        self, ours: Company
    ) -> None:
        tasks = await asyncio.gather(*(stored(ours, dedupe_key="nightly") for _ in range(5)))
        assert len({task.id for task in tasks}) == 1

    async def test_a_task_of_an_agent_or_a_member_that_is_not_there_is_not_stored(
        self, ours: Company
    ) -> None:
        for name in ("agent_id", "created_by_id"):
            with pytest.raises(NotFoundError):
                await stored(ours, **{name: examples.new_id()})

    async def test_tasks_outlive_their_agent_and_their_member(
        self, ours: Company, conversation: Conversation
    ) -> None:
        agent = examples.an_agent(ours.organization.id)
        member = examples.a_user(ours.organization.id)
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            await transaction.users.add(member, "hash")
        task = await stored(ours, agent_id=agent.id, created_by_id=member.id)
        other = await stored(ours, agent_id=conversation.agent.id, created_by_id=ours.admin.id)
        async with ours.transaction() as transaction:
            await transaction.agents.remove(agent.id)
            await transaction.users.remove(member.id)
        async with ours.transaction() as transaction:
            expected = replace(task, agent_id=None, created_by_id=None)
            assert await transaction.tasks.get(task.id) == expected
            assert await transaction.tasks.get(other.id) == other

    async def test_tasks_are_listed_by_what_is_asked_for(
        self, ours: Company, conversation: Conversation
    ) -> None:
        agent_id, admin_id = conversation.agent.id, ours.admin.id
        task = await stored(
            ours, task_type="call", agent_id=agent_id, created_by_id=admin_id, priority=1
        )
        other = await stored(ours, status=TaskStatus.FAILED, priority=2)
        both = TaskFilter()
        one_of_each = (
            TaskFilter(status=TaskStatus.QUEUED),
            TaskFilter(task_type="call"),
            TaskFilter(agent_id=agent_id),
            TaskFilter(created_by_id=admin_id),
            TaskFilter(status=TaskStatus.QUEUED, task_type="call", agent_id=agent_id),
        )
        none = TaskFilter(status=TaskStatus.FAILED, task_type="call")
        async with ours.transaction() as transaction:
            part = Slice(sort="-priority")
            assert (await transaction.tasks.page(both, part)).data == (other, task)
            for wanted in one_of_each:
                assert (await transaction.tasks.page(wanted, part)).data == (task,)
            assert (await transaction.tasks.page(none, part)).total == 0

    async def test_a_task_that_is_updated_is_stored_whole(
        self, ours: Company, conversation: Conversation
    ) -> None:
        task = await at_work(ours, agent_id=conversation.agent.id)
        retried = replace(
            task,
            status=TaskStatus.QUEUED,
            progress=0.5,
            attempts=0,
            error=None,
            ready_at=examples.later(9),
            started_at=None,
            lease_token=None,
            lease_until=None,
            steps=b"steps",
        )
        async with ours.transaction() as transaction:
            assert await transaction.tasks.get(task.id, lock=True) == task
            await transaction.tasks.update(retried)
        async with ours.transaction() as transaction:
            assert await transaction.tasks.get(task.id) == retried
