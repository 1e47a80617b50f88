"""The part of the storage contract about agents and what they did."""

import asyncio
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.agents import (
    ActionCount,
    Agent,
    AgentOverrides,
    HistoryAction,
    ToolUseStatus,
)
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class AgentContract(StorageFixtures):
    """The agents."""

    @pytest.fixture
    async def agent(self, ours: Company) -> Agent:
        """Return an agent of ours, decided in part."""
        agent = examples.an_agent(
            ours.organization.id,
            own=AgentOverrides(name="Ada", temperature=0.5, require_approval=()),
            configuration=AgentOverrides(tools_enabled=("get_ticket", "list_tickets")),
        )
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
        return agent

    async def test_an_agent_comes_back_as_it_was_stored(self, ours: Company, agent: Agent) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.agents.get(agent.id) == agent

    async def test_a_changed_agent_is_stored_whole(self, ours: Company, agent: Agent) -> None:
        changed = replace(
            agent,
            own=AgentOverrides(prompt="Be brief."),
            configuration=AgentOverrides(),
            is_active=False,
            updated_at=examples.later(5),
        )
        async with ours.transaction() as transaction:
            await transaction.agents.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.agents.get(agent.id) == changed

    async def test_all_agents_are_listed_oldest_first(self, ours: Company) -> None:
        new, old, twin = (
            examples.an_agent(ours.organization.id, created_at=examples.later(age))
            for age in (9, 3, 3)
        )
        async with ours.transaction() as transaction:
            for agent in (new, twin, old):
                await transaction.agents.add(agent)
            assert list(await transaction.agents.all()) == [old, twin, new]

    async def test_a_removed_agent_is_gone_and_its_history_stays(
        self, ours: Company, agent: Agent
    ) -> None:
        change = examples.an_agent_change(agent.id, action=HistoryAction.DELETED, after=None)
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_history(change)
            await transaction.agents.remove(agent.id)
        async with ours.transaction() as transaction:
            page = await transaction.agent_log.history(agent.id, examples.ALL)
            assert page.data == (change,)
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.agents.get(agent.id)

    async def test_an_agent_has_threads_once_one_was_made(
        self, ours: Company, agent: Agent, conversation: Conversation
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.agents.has_threads(conversation.agent.id)
            assert not await transaction.agents.has_threads(agent.id)

    async def test_an_agent_with_threads_cannot_be_removed(
        self, ours: Company, conversation: Conversation
    ) -> None:
        with pytest.raises(ConflictError):
            async with ours.transaction() as transaction:
                await transaction.agents.remove(conversation.agent.id)
        async with ours.transaction() as transaction:
            seen = await transaction.agents.get(conversation.agent.id)
            assert seen == conversation.agent

    async def test_two_who_lock_agents_wait_for_each_other(
        self, ours: Company, agent: Agent
    ) -> None:
        second = examples.an_agent(ours.organization.id)
        async with ours.transaction() as transaction:
            await transaction.agents.add(second)

        async def remove_unless_last(agent_id: UUID) -> None:
            async with ours.transaction() as transaction:
                await transaction.agents.lock()
                if len(await transaction.agents.all()) > 1:
                    await transaction.agents.remove(agent_id)

        await asyncio.gather(remove_unless_last(agent.id), remove_unless_last(second.id))
        async with ours.transaction() as transaction:
            assert len(await transaction.agents.all()) == 1


class AgentLogContract(StorageFixtures):
    """What happened to agents, and what they did."""

    async def test_a_change_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        change = examples.an_agent_change(
            conversation.agent.id,
            changed_by_id=ours.admin.id,
            action=HistoryAction.CREATED,
            before=None,
            after={"own": {"name": "Ada", "tools_enabled": []}, "is_active": True},
        )
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_history(change)
            page = await transaction.agent_log.history(conversation.agent.id, examples.ALL)
            assert page.data == (change,)
            nothing = await transaction.agent_log.history(examples.new_id(), examples.ALL)
            assert nothing.total == 0

    async def test_a_tool_call_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        action = examples.an_action(
            conversation.agent.id,
            run_id=conversation.run.id,
            thread_id=conversation.thread.id,
            user_id=ours.admin.id,
            status=ToolUseStatus.ERROR,
            error="the ticket is closed",
        )
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_actions([action])
            page = await transaction.agent_log.actions(conversation.agent.id, examples.ALL)
            assert page.data == (action,)

    async def test_a_tool_call_that_is_there_already_stays_as_it_is(
        self, ours: Company, conversation: Conversation
    ) -> None:
        first = examples.an_action(conversation.agent.id, call_id="call-1")
        again = replace(first, id=examples.new_id(), status=ToolUseStatus.ERROR)
        second = replace(first, id=examples.new_id(), call_id="call-2")
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_actions([])
            await transaction.agent_log.add_actions([first])
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_actions([again, second])
        async with ours.transaction() as transaction:
            page = await transaction.agent_log.actions(first.agent_id, examples.ALL)
            # Of the same age, so in the order of their ids.
            assert page.data == (second, first)

    async def test_tool_calls_are_counted_by_tool_and_status(
        self, ours: Company, conversation: Conversation
    ) -> None:
        agent_id = conversation.agent.id
        async with ours.transaction() as transaction:
            await transaction.agent_log.add_actions(
                [
                    examples.an_action(agent_id),
                    examples.an_action(agent_id),
                    examples.an_action(agent_id, status=ToolUseStatus.DENIED),
                    examples.an_action(agent_id, tool="get_ticket"),
                ]
            )
            counts = await transaction.agent_log.count_actions(agent_id)
            assert list(await transaction.agent_log.count_actions(examples.new_id())) == []
        expected = [
            ActionCount(tool="create_ticket", status=ToolUseStatus.DENIED, count=1),
            ActionCount(tool="create_ticket", status=ToolUseStatus.OK, count=2),
            ActionCount(tool="get_ticket", status=ToolUseStatus.OK, count=1),
        ]
        assert sorted(counts, key=lambda count: (count.tool, count.status)) == expected
