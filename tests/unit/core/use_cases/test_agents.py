"""Agents: made of what is given, changed and removed under the rules, and written down."""

import asyncio
from uuid import UUID

import pytest

from hexdesk.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.agents import (
    AgentChange,
    AgentOverrides,
    AgentStatus,
    HistoryAction,
    NewAgent,
    Source,
)
from hexdesk.core.model.ai_config import AIConfig, Models
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.agents import ensure_organization_agent
from tests.unit.core.scenes import Fakes, Scene

OFF, ON = AgentChange(is_active=False), AgentChange(is_active=True)


async def actions(scene: Scene, who: Member, agent_id: UUID) -> list[HistoryAction]:
    page = await scene.desk.agents.list_history(who, agent_id, Slice(sort="created_at"))
    return [change.action for change in page.data]


async def test_an_agent_needs_nothing_and_inherits_the_rest(scene: Scene, admin: Member) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    assert agent.name == "Customer Support Specialist"
    assert (agent.model_provider, agent.model_name) == ("openai", "gpt-4o-mini")
    assert (agent.is_active, agent.status) == (True, AgentStatus.UNKNOWN)
    assert agent.require_approval == ("delete_ticket",)
    assert agent.configuration == AgentOverrides()


async def test_every_layer_shows_in_the_answer_with_its_source() -> None:
    scene = Scene.of(ai_config=AIConfig(agent=AgentOverrides(role="from the file", tone="file")))
    admin = await scene.founder()
    wish = NewAgent(name="Night shift", configuration=AgentOverrides(tone="dry", name="hidden"))
    agent = await scene.desk.agents.add(admin, wish)
    shown = await scene.desk.agents.show_configuration(admin, agent.id)
    assert (agent.name, agent.tone, agent.role) == ("Night shift", "dry", "from the file")
    assert shown.sources["name"] is Source.AGENT
    assert shown.sources["tone"] is Source.CONFIGURATION
    assert shown.sources["role"] is Source.AI_CONFIG
    assert shown.sources["prompt"] is Source.DEFAULT


async def test_users_see_agents_and_only_admins_look_inside_or_change_them(
    scene: Scene, admin: Member, user: Member
) -> None:
    agent = await scene.agent(user)
    assert await scene.desk.agents.get(user, agent.id) == agent
    for attempt in (
        scene.desk.agents.show_configuration(user, agent.id),
        scene.desk.agents.add(user, NewAgent()),
        scene.desk.agents.change(user, agent.id, OFF),
        scene.desk.agents.remove(user, agent.id),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_agents_of_another_organization_do_not_exist(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    theirs = (await scene.agent(stranger)).id
    for attempt in (
        scene.desk.agents.get(admin, theirs),
        scene.desk.agents.show_configuration(admin, theirs),
        scene.desk.agents.change(admin, theirs, AgentChange(tone="dry")),
        scene.desk.agents.remove(admin, theirs),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_a_list_of_agents_is_sorted_by_resolved_values(scene: Scene, admin: Member) -> None:
    await scene.desk.agents.add(admin, NewAgent(temperature=1.5))
    page = await scene.desk.agents.list(admin, Slice(sort="-temperature", limit=1))
    assert ([agent.temperature for agent in page.data], page.total) == ([1.5], 2)
    with pytest.raises(InvalidError):
        await scene.desk.agents.list(admin, Slice(sort="tools_enabled"))


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        (NewAgent(tools_enabled=("get_ticket", "fly")), "/tools_enabled"),
        (NewAgent(require_approval=("fly",)), "/require_approval"),
        (
            NewAgent(configuration=AgentOverrides(tools_enabled=("fly",))),
            "/configuration/tools_enabled",
        ),
    ],
)
async def test_an_unknown_tool_is_refused_and_the_known_ones_named(
    scene: Scene, admin: Member, wish: NewAgent, pointer: str
) -> None:
    with pytest.raises(InvalidError, match=r"unknown tools: fly; known are .*get_ticket") as error:
        await scene.desk.agents.add(admin, wish)
    assert error.value.pointer == pointer
    assert (await scene.desk.agents.list(admin, ALL)).total == 1


async def test_an_unknown_tool_is_refused_in_a_change_too(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    for change in (
        AgentChange(tools_enabled=("fly",)),
        AgentChange(configuration=AgentOverrides(require_approval=("fly",))),
    ):
        with pytest.raises(InvalidError, match="unknown tools: fly"):
            await scene.desk.agents.change(admin, agent.id, change)
    assert await scene.agent(admin) == agent


async def test_a_change_keeps_what_is_absent_and_null_inherits_again(
    scene: Scene, admin: Member
) -> None:
    wish = NewAgent(name="Night shift", tone="dry", temperature=0)
    agent = await scene.desk.agents.add(admin, wish)
    scene.clock.advance(1)
    changed = await scene.desk.agents.change(admin, agent.id, AgentChange(tone=None))
    assert (changed.name, changed.tone, changed.temperature) == ("Night shift", "helpful", 0)
    assert (changed.created_at, changed.updated_at) == (agent.created_at, scene.clock.now())
    shown = await scene.desk.agents.show_configuration(admin, agent.id)
    assert shown.sources["tone"] is Source.DEFAULT


async def test_a_configuration_is_replaced_as_a_whole(scene: Scene, admin: Member) -> None:
    first = AgentOverrides(tone="dry", temperature=1)
    agent = await scene.desk.agents.add(admin, NewAgent(configuration=first))
    change = AgentChange(configuration=AgentOverrides(tone="calm"))
    changed = await scene.desk.agents.change(admin, agent.id, change)
    assert (changed.tone, changed.temperature) == ("calm", 0.2)


async def test_a_change_that_changes_nothing_leaves_no_trace(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    scene.clock.advance(1)
    for change in (AgentChange(), ON):
        assert await scene.desk.agents.change(admin, agent.id, change) == agent
    assert await actions(scene, admin, agent.id) == [HistoryAction.CREATED]


async def test_every_change_is_written_down_with_before_and_after(
    scene: Scene, admin: Member
) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent(tone="dry"))
    await scene.desk.agents.change(admin, agent.id, AgentChange(tone="calm"))
    await scene.desk.agents.change(admin, agent.id, OFF)
    await scene.desk.agents.change(admin, agent.id, ON)
    await scene.desk.agents.remove(admin, agent.id)
    page = await scene.desk.agents.list_history(admin, agent.id, Slice(sort="created_at"))
    made, changed, off, on, gone = page.data
    stored: dict[str, object] = {"tone": "dry", "configuration": {}, "is_active": True}
    assert (made.before, made.after) == (None, stored)
    assert (changed.before, changed.after) == (stored, {**stored, "tone": "calm"})
    assert (gone.before, gone.after) == (changed.after, None)
    assert [one.action for one in (made, changed, off, on, gone)] == [
        HistoryAction.CREATED,
        HistoryAction.UPDATED,
        HistoryAction.DEACTIVATED,
        HistoryAction.UPDATED,
        HistoryAction.DELETED,
    ]
    assert {one.changed_by_id for one in page.data} == {admin.user_id}


async def test_changes_of_agents_are_audited(scene: Scene, admin: Member) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, agent.id, AgentChange(tone="dry"))
    await scene.desk.agents.change(admin, agent.id, OFF)
    await scene.desk.agents.remove(admin, agent.id)
    for action in ("created", "updated", "deactivated", "deleted"):
        (event,) = await scene.audited(admin, f"agent.{action}")
        assert event.target_id == agent.id


@pytest.mark.parametrize("attempt", ["remove", "switch off"])
async def test_the_last_active_agent_stays(scene: Scene, admin: Member, attempt: str) -> None:
    other = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, other.id, OFF)
    last = await scene.agent(admin)
    with pytest.raises(ConflictError, match="the last active agent"):
        if attempt == "remove":
            await scene.desk.agents.remove(admin, last.id)
        else:
            await scene.desk.agents.change(admin, last.id, OFF)
    assert (await scene.desk.agents.get(admin, last.id)).is_active


async def test_of_two_agents_switched_off_at_once_one_stays(scene: Scene, admin: Member) -> None:
    other = await scene.desk.agents.add(admin, NewAgent())
    first = await scene.agent(admin)
    results = await asyncio.gather(
        scene.desk.agents.change(admin, first.id, OFF),
        scene.desk.agents.remove(admin, other.id),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, ConflictError) for one in results) == [False, True]


async def test_an_inactive_agent_can_be_removed(scene: Scene, admin: Member) -> None:
    agent = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, agent.id, OFF)
    await scene.desk.agents.remove(admin, agent.id)
    with pytest.raises(NotFoundError):
        await scene.desk.agents.get(admin, agent.id)


async def test_an_agent_that_has_threads_is_switched_off_instead_of_removed(
    scene: Scene, admin: Member
) -> None:
    await scene.desk.agents.add(admin, NewAgent())
    agent = await scene.agent(admin)
    await scene.thread(admin, agent_id=agent.id)
    for _ in range(2):
        await scene.desk.agents.remove(admin, agent.id)
        assert not (await scene.desk.agents.get(admin, agent.id)).is_active
    assert await actions(scene, admin, agent.id) == [
        HistoryAction.CREATED,
        HistoryAction.DEACTIVATED,
    ]


RESTRICTED = AIConfig(
    agent=AgentOverrides(model_name="in-house"), models=Models(allowed=("openai:*-mini",))
)


async def test_tenants_choose_among_the_models_that_are_allowed() -> None:
    scene = Scene.of(ai_config=RESTRICTED)
    admin = await scene.founder()
    await scene.desk.agents.add(admin, NewAgent(model_name="gpt-4o-mini"))
    agent = await scene.agent(admin)
    refused = "the model 'openai:gpt-4o' is not allowed; allowed are openai:\\*-mini"
    for attempt in (
        scene.desk.agents.add(admin, NewAgent(model_name="gpt-4o")),
        scene.desk.agents.add(admin, NewAgent(configuration=AgentOverrides(model_name="gpt-4o"))),
        scene.desk.agents.change(admin, agent.id, AgentChange(model_name="gpt-4o")),
    ):
        with pytest.raises(InvalidError, match=refused) as error:
            await attempt
        assert error.value.pointer == "/model_name"


async def test_the_models_of_the_installation_itself_are_always_allowed() -> None:
    scene = Scene.of(ai_config=RESTRICTED)
    admin = await scene.founder()
    agent = await scene.desk.agents.add(admin, NewAgent(model_name="in-house"))
    assert agent.model_name == "in-house"


async def test_an_agent_whose_model_is_no_longer_allowed_can_still_be_changed_otherwise() -> None:
    fakes = Fakes.new()
    before = Scene.of(fakes=fakes)
    admin = await before.founder()
    agent = await before.desk.agents.add(admin, NewAgent(model_name="gpt-4o"))
    after = Scene.of(fakes=fakes, ai_config=RESTRICTED)
    assert not (await after.desk.agents.change(admin, agent.id, OFF)).is_active
    with pytest.raises(InvalidError):
        await after.desk.agents.change(admin, agent.id, AgentChange(model_provider="other"))


async def test_the_organizations_agent_is_the_oldest_active_one_if_there_is_one(
    scene: Scene, admin: Member
) -> None:
    first = await scene.agent(admin)
    second = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, first.id, OFF)
    async with scene.fakes.memory.transaction(admin) as tx:
        found = await ensure_organization_agent(tx, scene.clock, admin.organization_id, None)
        assert found.id == second.id
        assert len(await tx.agents.all()) == 2


async def test_removing_an_agent_that_does_not_exist_is_not_found(
    scene: Scene, admin: Member
) -> None:
    with pytest.raises(NotFoundError):
        await scene.desk.agents.remove(admin, new_id())
