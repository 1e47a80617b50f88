"""A company signs up: with its first member and its agent, or not at all."""

from uuid import UUID

import pytest

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.agents import HistoryAction, Source
from hexdesk.core.model.audit import ActorType
from hexdesk.core.model.identity import Registration, Role
from hexdesk.core.testing.examples import ALL
from tests.unit.core.scenes import HOME, PASSWORD, Scene


async def test_whoever_registers_is_the_admin_of_a_new_organization(scene: Scene) -> None:
    wish = Registration(
        organization_name="  Acme GmbH ",
        email="Ada@Example.com",
        password=PASSWORD,
        full_name="Ada",
    )
    tokens = await scene.desk.identity.register(wish, HOME)
    assert (tokens.organization.name, tokens.user.email) == ("Acme GmbH", "Ada@Example.com")
    assert tokens.organization.slug.startswith("acme-gmbh-")
    assert (tokens.user.role, tokens.user.full_name) == (Role.ADMIN, "Ada")
    who = await scene.who(tokens)
    assert (who.user_id, who.role) == (tokens.user.id, Role.ADMIN)
    assert who.organization_id == tokens.organization.id


async def test_the_access_token_says_how_long_it_lives(scene: Scene) -> None:
    tokens = await scene.sign_up()
    assert (tokens.token_type, tokens.expires_in) == ("Bearer", 600)


async def test_a_new_organization_has_an_agent_for_which_nothing_is_decided(scene: Scene) -> None:
    who = await scene.founder()
    page = await scene.desk.agents.list(who, ALL)
    assert page.total == 1
    agent = page.data[0]
    shown = await scene.desk.agents.show_configuration(who, agent.id)
    assert set(shown.sources.values()) == {Source.DEFAULT}
    assert agent.mcp_enabled
    assert agent.tools_enabled == (
        "create_ticket", "search_tickets", "get_ticket", "update_ticket", "get_system_health",
        "list_integrations",
    )  # fmt: skip


async def test_the_agents_history_begins_with_the_registration(scene: Scene) -> None:
    who = await scene.founder()
    agent = await scene.agent(who)
    (change,) = (await scene.desk.agents.list_history(who, agent.id, ALL)).data
    assert (change.action, change.changed_by_id) == (HistoryAction.CREATED, who.user_id)
    assert (change.before, change.after) == (None, {"configuration": {}, "is_active": True})


async def test_registration_is_audited_as_the_new_members_own_act(scene: Scene) -> None:
    who = await scene.founder()
    (event,) = await scene.audited(who, "organization.registered")
    assert (event.actor_type, event.actor_id) == (ActorType.USER, who.user_id)
    assert (event.target_id, event.ip) == (who.organization_id, HOME.ip)


async def test_a_taken_address_is_a_conflict_and_nothing_of_the_second_company_stays(
    scene: Scene,
) -> None:
    await scene.sign_up("ada@example.com")
    scene.storage.opened_for.clear()
    with pytest.raises(ConflictError):
        await scene.sign_up("ADA@example.com", "Second")
    (second,) = scene.storage.opened_for
    async with scene.fakes.memory.transaction(second) as tx:
        with pytest.raises(NotFoundError):
            await tx.organizations.get()
        assert await tx.agents.all() == []


async def test_two_companies_of_one_name_are_two(scene: Scene) -> None:
    one, other = await scene.sign_up("a@example.com"), await scene.sign_up("b@example.com")
    assert one.organization.id != other.organization.id
    assert one.organization.slug != other.organization.slug


async def test_the_password_is_kept_as_its_hash_only(scene: Scene) -> None:
    tokens = await scene.sign_up()
    found = await scene.storage.directory.user_by_email("ada@example.com")
    assert found
    assert found.password_hash == await scene.fakes.passwords.hash(PASSWORD)
    assert PASSWORD not in str(tokens)
    assert isinstance(found.user_id, UUID)
