"""The part of the storage contract about what waits to be done, in any organization."""

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from hexdesk.core.model.agents import Agent, AgentStatus
from hexdesk.core.model.tasks import Task, TaskHint, TaskStatus
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.storage_fixtures import StorageFixtures
from hexdesk.core.testing.storage_leases_contract import FINAL
from hexdesk.core.testing.stored_tasks import at_work, claimed, stored

ALL_OF_THEM = 10_000
VERY_LONG_AGO = examples.LONG_AGO - timedelta(days=3650)


async def is_due(storage: Storage, task: Task) -> bool:
    """Tell whether the backlog announces the task."""
    hints = await storage.backlog.due_tasks(ALL_OF_THEM)
    return task.id in {hint.task_id for hint in hints}


async def put_back(company: Company, **changes: object) -> Task:
    """Return a task that was tried and is ready to be tried again."""
    task = replace(await at_work(company, **changes), status=TaskStatus.QUEUED)
    async with company.transaction() as transaction:
        assert await transaction.tasks.settle(task)
    return task


class DueTaskContract(StorageFixtures):
    """Tasks that workers are to hear of."""

    async def test_a_task_that_is_ready_again_is_announced_once(
        self, storage: Storage, ours: Company
    ) -> None:
        task = await put_back(ours, priority=3)
        hints = await storage.backlog.due_tasks(ALL_OF_THEM)
        assert [hint for hint in hints if hint.task_id == task.id] == [
            TaskHint(task_id=task.id, organization_id=ours.organization.id, priority=3)
        ]
        assert not await is_due(storage, task)

    async def test_of_many_that_ask_at_once_one_announces_a_task(
        self, storage: Storage, ours: Company, theirs: Company
    ) -> None:
        tasks = [await put_back(company) for company in (ours, theirs) for _ in range(3)]
        asked = await asyncio.gather(*(storage.backlog.due_tasks(ALL_OF_THEM) for _ in range(5)))
        announced = [hint.task_id for hints in asked for hint in hints]
        assert [announced.count(task.id) for task in tasks] == [1] * 6

    async def test_whoever_stores_a_task_that_is_ready_announces_it(
        self, storage: Storage, ours: Company
    ) -> None:
        task = await stored(ours)
        assert not await is_due(storage, task)
        async with ours.transaction() as transaction:
            await transaction.tasks.update(replace(task, attempts=0))
        assert not await is_due(storage, task)

    async def test_a_task_that_is_not_ready_is_not_due(
        self, storage: Storage, ours: Company
    ) -> None:
        assert not await is_due(storage, await stored(ours, ready_at=examples.FAR_AHEAD))

    async def test_a_task_that_is_held_is_not_due(self, storage: Storage, ours: Company) -> None:
        lost = await at_work(ours, examples.LONG_AGO)
        assert await claimed(ours, lost) is not None
        assert not await is_due(storage, lost)

    async def test_a_task_whose_lease_was_renewed_is_not_due(
        self, storage: Storage, ours: Company
    ) -> None:
        task = await at_work(ours, examples.LONG_AGO)
        assert task.lease_token is not None
        async with ours.transaction() as transaction:
            await transaction.tasks.renew(task.id, task.lease_token, examples.FAR_AHEAD)
        assert not await is_due(storage, task)

    async def test_a_task_whose_lease_is_over_is_due_with_or_without_an_attempt_left(
        self, storage: Storage, ours: Company
    ) -> None:
        for max_attempts in (1, 2):
            lost = await at_work(ours, examples.LONG_AGO, max_attempts=max_attempts)
            assert await is_due(storage, lost)

    async def test_a_task_that_has_ended_is_not_due(self, storage: Storage, ours: Company) -> None:
        for status in FINAL:
            ended = replace(await at_work(ours), status=status)
            async with ours.transaction() as transaction:
                assert await transaction.tasks.settle(ended)
            assert not await is_due(storage, ended)

    async def test_what_has_the_highest_priority_comes_first_and_then_what_waits_longest(
        self, storage: Storage, ours: Company, theirs: Company
    ) -> None:
        late = await put_back(ours, priority=9, ready_at=VERY_LONG_AGO)
        second = await put_back(ours, priority=1)
        first = await put_back(theirs, priority=1, ready_at=VERY_LONG_AGO)
        hints = await storage.backlog.due_tasks(ALL_OF_THEM)
        order = [hint.task_id for hint in hints]
        assert order.index(first.id) < order.index(second.id) < order.index(late.id)
        assert [hint.priority for hint in hints] == sorted(hint.priority for hint in hints)

    async def test_no_more_tasks_are_announced_than_asked_for(
        self, storage: Storage, ours: Company
    ) -> None:
        tasks = [await put_back(ours) for _ in range(3)]
        assert len(await storage.backlog.due_tasks(2)) == 2
        left = await storage.backlog.due_tasks(ALL_OF_THEM)
        assert {hint.task_id for hint in left} & {task.id for task in tasks}


class AgentCheckContract(StorageFixtures):
    """Agents that are to be looked at."""

    async def test_active_agents_are_to_be_checked_until_they_were(
        self, storage: Storage, ours: Company
    ) -> None:
        agent = await an_agent(ours)
        inactive = await an_agent(ours, is_active=False)
        found = await storage.backlog.agents_to_check(VERY_LONG_AGO, ALL_OF_THEM)
        assert (agent.id, ours.organization.id) in found
        assert (inactive.id, ours.organization.id) not in found
        await note(ours, agent, AgentStatus.OK)
        at_noon = await storage.backlog.agents_to_check(examples.NOON, ALL_OF_THEM)
        after_noon = await storage.backlog.agents_to_check(examples.later(1), ALL_OF_THEM)
        entry = (agent.id, ours.organization.id)
        assert (entry in at_noon, entry in after_noon) == (False, True)

    async def test_who_was_never_checked_comes_first(self, storage: Storage, ours: Company) -> None:
        checked, unchecked = await an_agent(ours), await an_agent(ours)
        await note(ours, checked, AgentStatus.OK)
        found = await storage.backlog.agents_to_check(examples.FAR_AHEAD, ALL_OF_THEM)
        order = [agent_id for agent_id, _ in found]
        assert order.index(unchecked.id) < order.index(checked.id)
        assert len(await storage.backlog.agents_to_check(examples.FAR_AHEAD, 1)) == 1

    async def test_a_check_changes_the_status_and_nothing_else(self, ours: Company) -> None:
        agent = await an_agent(ours)
        await note(ours, agent, AgentStatus.DOWN)
        async with ours.transaction() as transaction:
            expected = replace(agent, status=AgentStatus.DOWN)
            assert await transaction.agents.get(agent.id) == expected
            assert (await transaction.agent_log.history(agent.id, examples.ALL)).total == 0

    async def test_a_change_of_an_agent_leaves_the_status_as_the_check_left_it(
        self, ours: Company
    ) -> None:
        agent = await an_agent(ours)
        await note(ours, agent, AgentStatus.OK)
        async with ours.transaction() as transaction:
            # Whoever changes it has read it before the check ended.
            await transaction.agents.update(replace(agent, updated_at=examples.later(5)))
            changed = await transaction.agents.get(agent.id)
        assert changed == replace(agent, status=AgentStatus.OK, updated_at=examples.later(5))


async def an_agent(company: Company, **changes: object) -> Agent:
    """Store an agent."""
    agent = examples.an_agent(company.organization.id, **changes)
    async with company.transaction() as transaction:
        await transaction.agents.add(agent)
    return agent


async def note(company: Company, agent: Agent, status: AgentStatus) -> None:
    """Store the outcome of a check at noon."""
    async with company.transaction() as transaction:
        await transaction.agent_checks.note(agent.id, status, examples.NOON)
