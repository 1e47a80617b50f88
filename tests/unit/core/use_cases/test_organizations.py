"""The organization: its name, and what it decides for all its agents."""

from typing import Any

import pytest

from hexdesk.core.errors import ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.agents import AgentChange, AgentOverrides, NewAgent
from hexdesk.core.model.ai_config import AIConfig, Models
from hexdesk.core.model.identity import Organization
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import new_id
from hexdesk.core.use_cases.organizations import (
    OrganizationChange,
    SettingsChange,
    default_agent,
)
from tests.unit.core.scenes import Scene


async def change(scene: Scene, who: Member, **settings: Any) -> Organization:
    wish = OrganizationChange(settings=SettingsChange(**settings))
    return await scene.desk.identity.change_organization(who, wish)


async def test_every_member_sees_the_organization_and_only_admins_change_it(
    scene: Scene, admin: Member, user: Member
) -> None:
    renamed = OrganizationChange(name="Acme Ltd")
    assert (await scene.desk.identity.change_organization(admin, renamed)).name == "Acme Ltd"
    assert (await scene.desk.identity.get_organization(user)).name == "Acme Ltd"
    with pytest.raises(ForbiddenError):
        await scene.desk.identity.change_organization(user, renamed)
    (event,) = await scene.audited(admin, "organization.changed")
    assert (event.target_id, event.data) == (admin.organization_id, {"fields": ["name"]})


async def test_a_change_that_changes_nothing_leaves_no_trace(scene: Scene, admin: Member) -> None:
    before = await scene.desk.identity.get_organization(admin)
    for wish in (OrganizationChange(), OrganizationChange(name=before.name)):
        assert await scene.desk.identity.change_organization(admin, wish) == before
    assert await change(scene, admin, agent_defaults=AgentOverrides()) == before
    assert await scene.audited(admin, "organization.changed") == ()


async def test_a_setting_that_is_absent_stays(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    await change(scene, admin, default_agent_id=agent.id)
    after = await change(scene, admin, agent_defaults=AgentOverrides(tone="dry"))
    assert after.settings.default_agent_id == agent.id
    assert after.settings.agent_defaults == AgentOverrides(tone="dry")


async def test_what_the_organization_decides_its_agents_inherit(
    scene: Scene, admin: Member
) -> None:
    await change(scene, admin, agent_defaults=AgentOverrides(tone="dry", temperature=1))
    agent = await scene.agent(admin)
    assert (agent.tone, agent.temperature) == ("dry", 1)


async def test_the_default_agent_must_be_an_active_one(scene: Scene, admin: Member) -> None:
    off = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, off.id, AgentChange(is_active=False))
    for agent_id in (off.id, new_id()):
        with pytest.raises(InvalidError, match="names no active agent") as error:
            await change(scene, admin, default_agent_id=agent_id)
        assert error.value.pointer == "/settings/default_agent_id"


async def test_the_agent_of_another_organization_is_none_of_ours(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    theirs = await scene.agent(stranger)
    with pytest.raises(InvalidError):
        await change(scene, admin, default_agent_id=theirs.id)


async def test_a_default_agent_that_was_switched_off_hinders_no_other_change(
    scene: Scene, admin: Member
) -> None:
    chosen = await scene.desk.agents.add(admin, NewAgent())
    await change(scene, admin, default_agent_id=chosen.id)
    await scene.desk.agents.change(admin, chosen.id, AgentChange(is_active=False))
    after = await change(scene, admin, agent_defaults=AgentOverrides(tone="dry"))
    assert after.settings.default_agent_id == chosen.id
    assert (await change(scene, admin, default_agent_id=None)).settings.default_agent_id is None


async def test_the_default_agent_is_the_chosen_one_else_the_oldest_active(
    scene: Scene, admin: Member
) -> None:
    async def answering() -> object:
        async with scene.fakes.memory.transaction(admin) as tx:
            return (await default_agent(tx, await tx.organizations.get())).id

    first = await scene.agent(admin)
    scene.clock.advance(1)
    second = await scene.desk.agents.add(admin, NewAgent())
    assert await answering() == first.id
    await change(scene, admin, default_agent_id=second.id)
    assert await answering() == second.id
    await scene.desk.agents.change(admin, second.id, AgentChange(is_active=False))
    assert await answering() == first.id


async def test_an_organization_without_an_active_agent_has_no_default_one(
    scene: Scene, admin: Member
) -> None:
    agent = await scene.agent(admin)
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.agents.remove(agent.id)
        with pytest.raises(NotFoundError, match="no active agent"):
            await default_agent(tx, await tx.organizations.get())


async def test_unknown_tools_are_refused_with_those_there_are(scene: Scene, admin: Member) -> None:
    with pytest.raises(InvalidError, match="unknown tools: fly; known are assign_ticket") as error:
        await change(scene, admin, agent_defaults=AgentOverrides(tools_enabled=("fly",)))
    assert error.value.pointer == "/settings/agent_defaults/tools_enabled"


RESTRICTED = AIConfig(models=Models(allowed=("openai:*-mini", "anthropic:*")))


async def test_a_model_that_is_not_allowed_is_refused_for_the_whole_organization() -> None:
    scene = Scene.of(ai_config=RESTRICTED)
    admin = await scene.founder()
    await change(scene, admin, agent_defaults=AgentOverrides(model_provider="anthropic"))
    with pytest.raises(InvalidError, match="'openai:gpt-4o' is not allowed") as error:
        await change(scene, admin, agent_defaults=AgentOverrides(model_name="gpt-4o"))
    assert error.value.pointer == "/settings/agent_defaults/model_name"


async def test_halves_of_a_model_chosen_in_two_places_must_fit_together() -> None:
    scene = Scene.of(ai_config=RESTRICTED)
    admin = await scene.founder()
    await change(scene, admin, agent_defaults=AgentOverrides(model_provider="anthropic"))
    await scene.desk.agents.add(admin, NewAgent(model_name="large"))
    with pytest.raises(InvalidError, match="'openai:large' is not allowed"):
        await change(scene, admin, agent_defaults=AgentOverrides(model_provider="openai"))
    # What does not touch the model is not hindered by it.
    defaults = AgentOverrides(model_provider="anthropic", tone="dry")
    await change(scene, admin, agent_defaults=defaults)
