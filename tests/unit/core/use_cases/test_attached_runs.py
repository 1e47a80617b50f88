"""Runs with tools of attached servers: what they may call now, and what was decided before."""

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import AgentChange, NewAgent, ToolUseStatus
from hexdesk.core.model.approvals import Decision
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import AgentRun, Member
from hexdesk.core.model.tasks import Task, TaskFilter, TaskStatus
from hexdesk.core.policy.tool_drift import definition_hash
from hexdesk.core.ports.agents import ApprovalNeeded
from hexdesk.core.testing import PlainCapabilities, Script, saying
from hexdesk.core.testing.attached_examples import CANCEL, LOOK_UP
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.attached_refresh import ATTACHED_TOOLS, REFRESH_EVERY
from hexdesk.core.use_cases.attached_tools import Acceptance
from hexdesk.core.use_cases.integrations import IntegrationChange
from tests.unit.core.attached import CANCEL_NAME, LOOK_UP_NAME, attach, says, shop
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import DONE, finished, started, step
from tests.unit.core.tasks import do, stored

WITH_TOOLS = NewAgent(tools_enabled=("get_ticket", LOOK_UP_NAME, CANCEL_NAME))
OTHERWISE = replace(CANCEL, description="Otherwise.")
ASKING: Script = (
    step(),
    started("call-1", CANCEL_NAME, {}),
    finished("call-1", CANCEL_NAME, ToolUseStatus.AWAITING_APPROVAL),
    ApprovalNeeded(call_id="call-1", name=CANCEL_NAME, arguments={}),
    replace(DONE, steps=b"so far"),
)


async def capability_of(scene: Scene, who: Member, wish: NewAgent = WITH_TOOLS) -> AgentRun:
    """Return what a run of a new agent may do."""
    agent = await scene.desk.agents.add(who, wish)
    await scene.ask(who, await scene.thread(who, agent_id=agent.id))
    request = scene.runner.requests[-1]
    return PlainCapabilities(scene.clock).verify(request.capability).run


async def test_a_run_has_the_tools_of_its_organizations_servers() -> None:
    scene = Scene.of(saying("Hello."), saying("Hello."))
    admin = await scene.founder()
    await attach(scene, admin)
    run = await capability_of(scene, admin)
    assert run.tools == {"get_ticket", LOOK_UP_NAME}
    assert run.needs_approval == {CANCEL_NAME}
    alone = await capability_of(scene, admin, replace(WITH_TOOLS, require_approval=()))
    assert (alone.tools, alone.needs_approval) == (run.tools | {CANCEL_NAME}, set())


async def test_a_run_does_not_have_tools_that_changed_or_are_gone() -> None:
    scene = Scene.of(saying("Hello."))
    admin = await scene.founder()
    integration = await attach(scene, admin)
    says(scene, OTHERWISE)
    await scene.desk.integrations.check(admin, integration.id)
    run = await capability_of(scene, admin)
    assert (run.tools, run.needs_approval) == ({"get_ticket"}, set())


async def why_not_made(scene: Scene, admin: Member, *, accepted: bool) -> str | None:
    """Approve a call whose tool changes before the decision; return why it is not made."""
    integration = await attach(scene, admin)
    agent = await scene.desk.agents.add(admin, NewAgent(tools_enabled=(CANCEL_NAME,)))
    response = await scene.ask(admin, await scene.thread(admin, agent_id=agent.id))
    [approval] = response.approvals
    if accepted:
        scene.clock.advance(60)
        says(scene, LOOK_UP, OTHERWISE)
        await scene.desk.integrations.check(admin, integration.id)
        acceptance = Acceptance(hash=definition_hash(OTHERWISE))
        accept = scene.desk.integrations.accept_tool
        await accept(admin, integration.id, CANCEL_NAME, acceptance)
    approved = await scene.desk.people.decide(admin, approval.id, Decision(approve=True))
    assert approved.resumed_run_id
    await scene.settle(await scene.stored_run(admin, approved.resumed_run_id))
    request = scene.runner.requests[-1]
    assert request.decided
    return request.decided.refusal


async def test_a_call_that_was_approved_is_made_if_the_tool_is_as_it_was() -> None:
    scene = Scene.of(ASKING, saying("Done."))
    assert await why_not_made(scene, await scene.founder(), accepted=False) is None


async def test_an_approval_is_not_for_what_the_tool_has_become_since() -> None:
    scene = Scene.of(ASKING, saying("Done."))
    refusal = await why_not_made(scene, await scene.founder(), accepted=True)
    assert refusal
    assert "has changed meanwhile" in refusal


async def refreshing(scene: Scene, admin: Member) -> Task:
    """Return the one task that looks at the server."""
    async with scene.fakes.memory.transaction(admin) as tx:
        found = await tx.tasks.page(TaskFilter(task_type=ATTACHED_TOOLS), ALL)
    [task] = found.data
    return task


@pytest.fixture
async def attached(scene: Scene, admin: Member) -> Integration:
    says(scene, LOOK_UP)
    return await scene.desk.integrations.add(admin, shop())


async def test_a_server_is_looked_at_when_it_is_attached_and_regularly_from_then_on(
    scene: Scene, admin: Member, attached: Integration
) -> None:
    task = await refreshing(scene, admin)
    await do(scene.desk.task_desk, task)
    [tool] = (await scene.desk.integrations.list_tools(admin, attached.id, ALL)).data
    assert (tool.name, tool.hash) == (LOOK_UP_NAME, definition_hash(LOOK_UP))
    after = await stored(scene, task)
    assert after.status is TaskStatus.QUEUED
    assert after.ready_at == scene.clock.now() + REFRESH_EVERY


async def test_a_server_that_is_down_is_looked_at_again(
    scene: Scene, admin: Member, attached: Integration
) -> None:
    scene.fakes.servers.tools.clear()
    task = await refreshing(scene, admin)
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.QUEUED
    assert (
        await scene.desk.integrations.get(admin, attached.id)
    ).last_error == "the server is down"


async def test_one_that_is_switched_off_is_left_alone_until_it_is_on_again(
    scene: Scene, admin: Member, attached: Integration
) -> None:
    change = scene.desk.integrations.change
    await change(admin, attached.id, IntegrationChange(is_active=False))
    task = await refreshing(scene, admin)
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED
    assert scene.fakes.servers.asked == []
    await change(admin, attached.id, IntegrationChange(is_active=True))
    assert (await stored(scene, task)).status is TaskStatus.QUEUED
    await do(scene.desk.task_desk, task)
    assert len(scene.fakes.servers.asked) == 1


async def test_one_that_is_removed_is_forgotten(
    scene: Scene, admin: Member, attached: Integration
) -> None:
    await scene.desk.integrations.remove(admin, attached.id)
    task = await refreshing(scene, admin)
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED
    assert scene.fakes.servers.asked == []


async def test_an_address_that_changes_while_it_is_asked_is_looked_at_at_once(
    scene: Scene, admin: Member, attached: Integration
) -> None:
    task = await refreshing(scene, admin)
    other = IntegrationChange(config={"url": "https://other.example.com"})
    change = scene.desk.integrations.change
    scene.fakes.servers.meanwhile.append(lambda: change(admin, attached.id, other))
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).ready_at == scene.clock.now()
    assert (await scene.desk.integrations.list_tools(admin, attached.id, ALL)).data == ()


async def test_a_webhook_is_not_looked_at(scene: Scene, admin: Member) -> None:
    wish = replace(shop(), type="webhook", config={"url": "https://example.com"})
    await scene.desk.integrations.add(admin, wish)
    async with scene.fakes.memory.transaction(admin) as tx:
        assert (await tx.tasks.page(TaskFilter(task_type=ATTACHED_TOOLS), ALL)).data == ()


async def test_what_an_agent_keeps_of_a_server_that_is_gone_is_no_tool(
    scene: Scene, admin: Member
) -> None:
    integration = await attach(scene, admin)
    agent = await scene.agent(admin)
    change = AgentChange(tools_enabled=(LOOK_UP_NAME,))
    await scene.desk.agents.change(admin, agent.id, change)
    await scene.desk.integrations.remove(admin, integration.id)
    scene.runner.scripts.append(saying("Hello."))
    await scene.ask(admin, await scene.thread(admin))
    assert scene.runner.requests[-1].tools == frozenset()
