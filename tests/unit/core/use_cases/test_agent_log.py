"""What happened to agents, and what they did."""

import pytest

from hexdesk.core.errors import ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.agents import ActionCount, NewAgent, ToolUseStatus
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import ALL, an_action, new_id
from tests.unit.core.scenes import Scene

BY_TOOL = Slice(sort="tool")


async def test_the_history_of_a_removed_agent_stays(scene: Scene, admin: Member) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.remove(admin, agent.id)
    assert (await scene.desk.agents.list_history(admin, agent.id, ALL)).total == 2


async def test_tool_calls_are_listed_and_counted_by_tool_and_outcome(
    scene: Scene, admin: Member
) -> None:
    agent = await scene.agent(admin)
    calls = [
        an_action(agent.id, call_id="1", tool="get_ticket"),
        an_action(agent.id, call_id="2", tool="get_ticket"),
        an_action(agent.id, call_id="3", tool="get_ticket", status=ToolUseStatus.DENIED),
    ]
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.agent_log.add_actions(calls)
    page = await scene.desk.agents.list_actions(admin, agent.id, ALL)
    assert {call.call_id for call in page.data} == {"1", "2", "3"}
    counts = await scene.desk.agents.count_actions(admin, agent.id, Slice(sort="-count"))
    assert counts.data == (
        ActionCount(tool="get_ticket", status=ToolUseStatus.OK, count=2),
        ActionCount(tool="get_ticket", status=ToolUseStatus.DENIED, count=1),
    )


async def test_the_records_of_agents_are_for_admins(
    scene: Scene, admin: Member, user: Member
) -> None:
    agent = await scene.agent(admin)
    for attempt in (
        scene.desk.agents.list_history(user, agent.id, ALL),
        scene.desk.agents.list_actions(user, agent.id, ALL),
        scene.desk.agents.count_actions(user, agent.id, BY_TOOL),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_agents_that_do_not_exist_have_no_records(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    theirs = await scene.agent(stranger)
    for agent_id in (new_id(), theirs.id):
        for attempt in (
            scene.desk.agents.list_history(admin, agent_id, ALL),
            scene.desk.agents.list_actions(admin, agent_id, ALL),
            scene.desk.agents.count_actions(admin, agent_id, BY_TOOL),
        ):
            with pytest.raises(NotFoundError):
                await attempt


async def test_records_are_sorted_by_their_own_fields(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    for attempt in (
        scene.desk.agents.list_history(admin, agent.id, Slice(sort="before")),
        scene.desk.agents.list_actions(admin, agent.id, Slice(sort="arguments")),
        scene.desk.agents.count_actions(admin, agent.id, Slice(sort="created_at")),
    ):
        with pytest.raises(InvalidError):
            await attempt
