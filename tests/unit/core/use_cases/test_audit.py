"""The audit: who did what, and who may read it."""

from typing import Any

import pytest

from hexdesk.core.errors import ForbiddenError, InvalidError
from hexdesk.core.model.audit import ActorType, AuditFilter, Outcome
from hexdesk.core.model.identity import Role
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import AgentRun, Member, Principal, System
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.api_keys import NewApiKey
from hexdesk.core.use_cases.audit import Auditor
from tests.unit.core.scenes import HOME, Scene, customer_of

RUN, AGENT = new_id(), new_id()


def acting_for(person: Any) -> AgentRun:
    return AgentRun(
        organization_id=person.organization_id, agent_id=AGENT, run_id=RUN, acts_for=person
    )


async def noted(scene: Scene, admin: Member, who: Principal) -> tuple[Any, ...]:
    async with scene.fakes.memory.transaction(admin) as tx:
        await Auditor(clock=scene.clock).note(tx, who, "tested", size=3)
    (event,) = await scene.audited(admin, "tested")
    assert event.created_at == scene.clock.now()
    assert (event.outcome, event.target_type, event.target_id) == (Outcome.SUCCESS, None, None)
    return event.actor_type, event.actor_id, event.data


async def test_a_member_is_named_by_its_id(scene: Scene, admin: Member) -> None:
    assert await noted(scene, admin, admin) == (ActorType.USER, admin.user_id, {"size": 3})


async def test_a_program_is_named_by_its_key_and_whose_it_is(scene: Scene, admin: Member) -> None:
    key = await scene.desk.identity.add_api_key(admin, NewApiKey(name="ci", role=Role.ADMIN))
    program = await scene.desk.identity.authenticate(key.key, HOME)
    data = {"user_id": str(admin.user_id), "size": 3}
    assert await noted(scene, admin, program) == (ActorType.API_KEY, key.id, data)


async def test_a_customer_is_named_by_its_channels_id(scene: Scene, admin: Member) -> None:
    data = {"customer_id": "U1", "size": 3}
    assert await noted(scene, admin, customer_of(admin)) == (ActorType.CUSTOMER, None, data)


async def test_an_agent_is_named_with_its_run_and_whom_it_acts_for(
    scene: Scene, admin: Member
) -> None:
    data = {"run_id": str(RUN), "acts_for": str(admin.user_id), "size": 3}
    assert await noted(scene, admin, acting_for(admin)) == (ActorType.AGENT, AGENT, data)


async def test_an_agent_that_acts_for_a_customer_names_the_customer(
    scene: Scene, admin: Member
) -> None:
    data = {"run_id": str(RUN), "customer_id": "U1", "size": 3}
    run = acting_for(customer_of(admin))
    assert await noted(scene, admin, run) == (ActorType.AGENT, AGENT, data)


async def test_the_desk_itself_is_nobody(scene: Scene, admin: Member) -> None:
    who = System(organization_id=admin.organization_id)
    assert await noted(scene, admin, who) == (ActorType.SYSTEM, None, {"size": 3})


async def test_an_event_says_where_the_request_came_from(scene: Scene, admin: Member) -> None:
    await noted(scene, admin, admin)
    (event,) = await scene.audited(admin, "tested")
    assert (event.ip, event.request_id) == (HOME.ip, HOME.request_id)


async def test_the_audit_is_for_admins_of_its_organization(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    with pytest.raises(ForbiddenError):
        await scene.desk.list_audit_events(user, AuditFilter(), ALL)
    ours = await scene.desk.list_audit_events(admin, AuditFilter(), ALL)
    theirs = await scene.desk.list_audit_events(stranger, AuditFilter(), ALL)
    assert {event.organization_id for event in ours.data} == {admin.organization_id}
    assert {event.organization_id for event in theirs.data} == {stranger.organization_id}


async def test_the_audit_is_filtered_and_sorted(scene: Scene, admin: Member, user: Member) -> None:
    wanted = AuditFilter(action="session.started", actor_id=user.user_id)
    page = await scene.desk.list_audit_events(admin, wanted, ALL)
    assert [event.actor_id for event in page.data] == [user.user_id]
    with pytest.raises(InvalidError):
        await scene.desk.list_audit_events(admin, AuditFilter(), Slice(sort="data"))
