"""An approval is of one exact call, and widens no right: how things stand now decides."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from hexdesk.core.model.agents import AgentChange
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.approvals import decided_call_id
from hexdesk.core.ports.agents import DecidedCall
from hexdesk.core.testing import PlainCapabilities, PlainVault, saying
from hexdesk.core.testing.examples import an_api_key
from hexdesk.core.use_cases.handoffs import Handoff
from hexdesk.core.use_cases.members import MemberChange
from tests.unit.core.asking import content
from tests.unit.core.lost_runs import LEASE
from tests.unit.core.people import ARGUMENTS, DELETE, DENY, Waiting, waiting
from tests.unit.core.scenes import Fakes, Scene, customer_of
from tests.unit.core.scripts import Gate, finished, started, step

NOT_MADE = "not made although a person allowed it: "
Change = Callable[[Waiting], Awaitable[object]]


async def told(talk: Waiting) -> DecidedCall:
    """Have the call approved, and return what the next run is told about it."""
    talk.scene.runner.scripts.append(saying("Done."))
    await talk.resumed(await talk.decide())
    request = talk.scene.runner.requests[-1]
    assert request.decided
    capability = PlainCapabilities(talk.scene.clock).verify(request.capability).run
    assert (capability.approved is None) is (request.decided.refusal is not None)
    return request.decided


def changing(**fields: object) -> Change:
    async def change(talk: Waiting) -> None:
        wish = msgspec.convert(fields, AgentChange)
        await talk.scene.desk.agents.change(talk.admin, talk.thread.agent_id, wish)

    return change


def holding(**fields: object) -> Change:
    async def change(talk: Waiting) -> None:
        await talk.change_held(**fields)

    return change


MAY_NOT = "'delete_ticket' may no longer be used"
UNREADABLE = "it can no longer be read as it was"
OTHERWISE_SEALED = PlainVault().seal(b"", purpose="other")
CHANGES = {
    "tool taken away": (changing(tools_enabled=["get_ticket"]), MAY_NOT),
    "no tools at all": (changing(mcp_enabled=False), MAY_NOT),
    "schema": (holding(schema_hash="another"), "'delete_ticket' has changed meanwhile"),
    "tool gone": (holding(tool="gone"), "'gone' may no longer be used"),
    "arguments": (holding(arguments_hash="0" * 64), UNREADABLE),
    "key": (holding(sealed=OTHERWISE_SEALED), UNREADABLE),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
async def test_what_has_changed_meanwhile_keeps_the_call_from_being_made(
    change: Change, reason: str
) -> None:
    talk = await Waiting.begin()
    await change(talk)
    assert (await told(talk)).refusal == NOT_MADE + reason


async def test_what_can_no_longer_be_opened_is_told_without_its_arguments() -> None:
    talk = await Waiting.begin()
    await talk.change_held(sealed=OTHERWISE_SEALED)
    call = await told(talk)
    assert (call.arguments, call.steps) == ({}, b"")


async def test_an_agent_that_was_switched_off_makes_no_call_and_nothing_is_asked() -> None:
    talk = await Waiting.begin()
    await changing(is_active=False)(talk)
    run = await talk.resumed(await talk.decide())
    assert run.response
    assert (run.response.message, run.response.degraded_reason) == (None, "agent_unavailable")
    (use,) = run.response.tools_used
    assert (use.call_id, use.status) == (decided_call_id(talk.approval.id), "denied")
    assert use.error == NOT_MADE + "the agent was switched off meanwhile"
    assert len(talk.scene.runner.requests) == 1


class Asked(msgspec.Struct):
    """A conversation of a second admin, in which a call waits."""

    talk: Waiting
    asker: Member


async def asked_by_another() -> Asked:
    talk = await Waiting.begin(waiting(), waiting())
    scene = talk.scene
    asker = await scene.member(talk.admin, role=Role.ADMIN)
    thread = await scene.thread(asker, agent_id=talk.thread.agent_id)
    response = await scene.ask(asker, thread, "Delete it!")
    waits = Waiting(scene=scene, admin=talk.admin, thread=thread, response=response)
    return Asked(talk=waits, asker=asker)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (MemberChange(role=Role.USER), "'delete_ticket' may no longer be used"),
        (MemberChange(is_active=False), "whom you act for is no longer a member"),
    ],
)
async def test_the_run_may_what_the_person_it_acts_for_may_now(
    change: MemberChange, reason: str
) -> None:
    asked = await asked_by_another()
    desk = asked.talk.scene.desk
    await desk.identity.change_member(asked.talk.admin, asked.asker.user_id, change)
    assert (await told(asked.talk)).refusal == NOT_MADE + reason


async def test_a_person_who_was_removed_is_acted_for_no_more() -> None:
    asked = await asked_by_another()
    await asked.talk.scene.desk.identity.remove_member(asked.talk.admin, asked.asker.user_id)
    assert (await told(asked.talk)).refusal == NOT_MADE + "whom you act for is no longer a member"


@pytest.mark.parametrize("is_removed", [True, False])
async def test_an_api_key_that_was_removed_is_acted_for_no_more(*, is_removed: bool) -> None:
    scene = Scene.of(waiting())
    admin = await scene.founder()
    key = an_api_key(admin.user_id, role=Role.ADMIN)
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.api_keys.add(key, b"hash")
    program = msgspec.structs.replace(admin, api_key_id=key.id, session_id=None)
    agent = await scene.agent(admin)
    await scene.desk.agents.change(admin, agent.id, AgentChange(tools_enabled=(DELETE,)))
    thread = await scene.thread(program)
    response = await scene.ask(program, thread)
    talk = Waiting(scene=scene, admin=admin, thread=thread, response=response)
    if is_removed:
        await scene.desk.identity.remove_api_key(admin, key.id)
    reason = NOT_MADE + "whom you act for is no longer a member"
    assert (await told(talk)).refusal == (reason if is_removed else None)


async def test_a_customer_gets_no_tool_by_an_approval() -> None:
    scene = Scene.of(waiting())
    admin = await scene.founder()
    customer = customer_of(admin, "carl@example.com")
    thread = await scene.thread(customer)
    response = await scene.ask(customer, thread)
    talk = Waiting(scene=scene, admin=admin, thread=thread, response=response)
    agent = await scene.agent(admin)
    await scene.desk.agents.change(admin, agent.id, AgentChange(tools_enabled=(DELETE,)))
    assert (await told(talk)).refusal == NOT_MADE + "'delete_ticket' may no longer be used"


async def test_a_call_that_was_made_is_not_undone_by_what_changes_afterwards() -> None:
    fakes, gate = Fakes.new(), Gate()
    call_id = decided_call_id
    talk = await Waiting.begin(waiting(), (gate,), fakes=fakes)
    decided = await talk.decide()
    await gate.wait()
    assert decided.resumed_run_id
    async with fakes.memory.transaction(talk.admin) as tx:
        # The tool server has made it, and then the process of the run died.
        await tx.tool_calls.claim(decided.resumed_run_id, call_id(decided.id), DELETE)
        await tx.tool_calls.keep(decided.resumed_run_id, call_id(decided.id), b"{}")
    await talk.scene.desk.run_desk.drain(0)
    await talk.change_held(schema_hash="another")
    again = (started(call_id(decided.id), DELETE, ARGUMENTS), finished(call_id(decided.id), DELETE))
    alive = Scene.of((step(), *again, *saying("Done.")), fakes=fakes)
    alive.clock.advance(LEASE)
    assert await alive.desk.run_desk.recover() == 1
    await alive.settle(await alive.stored_run(talk.admin, decided.resumed_run_id))
    call = alive.runner.requests[-1].decided
    assert call
    assert call.refusal is None


async def test_a_persons_no_is_no_violation() -> None:
    call_id = decided_call_id
    talk = await Waiting.begin()
    refusal = finished(call_id(talk.approval.id), DELETE, error="a person refused this call")
    refusal = msgspec.structs.replace(refusal, status="denied")
    script = (started(call_id(talk.approval.id), DELETE), refusal, *saying("I leave it."))
    talk.scene.runner.scripts.append(script)
    run = await talk.resumed(await talk.decide(DENY))
    assert run.response
    assert [use.status for use in run.response.tools_used] == ["denied"]
    assert await talk.scene.audited(talk.admin, "tool.refused") == ()


async def test_a_resumed_run_that_a_person_takes_over_says_nothing() -> None:
    gate = Gate()
    talk = await Waiting.begin(waiting(), (gate, *saying("Done.")))
    decided = await talk.decide()
    await gate.wait()
    await talk.scene.desk.people.hand_off(talk.admin, talk.thread.id, Handoff())
    gate.open()
    run = await talk.resumed(decided)
    assert (run.status, run.response and run.response.message) == ("failed", None)
    assert (await talk.contents())[1:] == [content(talk.response)]
