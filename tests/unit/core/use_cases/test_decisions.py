"""A decision is made once, is never lost, and a new run tells the agent of it."""

import asyncio

import pytest

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.model.chat import RunStatus, ThreadStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.approvals import decided_call_id
from hexdesk.core.testing import PlainCapabilities, saying
from hexdesk.core.testing.examples import an_idempotency_key
from hexdesk.core.use_cases.handoffs import Handoff
from hexdesk.core.use_cases.send_message import AnsweredBeforeError
from tests.unit.core.asking import content
from tests.unit.core.lost_runs import LEASE
from tests.unit.core.people import (
    APPROVE,
    ARGUMENTS,
    DELETE,
    DENY,
    Waiting,
    carried_out,
    waiting,
)
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate

DAY = 24 * 3600
KEY = an_idempotency_key()


async def test_an_approved_call_is_made_by_a_new_run_with_exactly_what_was_asked_for() -> None:
    talk = await Waiting.begin(waiting(), saying("Done."))
    decided = await talk.decide()
    assert (decided.status, decided.decided_by_id) == ("approved", talk.admin.user_id)
    run = await talk.resumed(decided)
    assert await talk.approvals() == (decided,)
    assert (await talk.contents())[-1] == "Done."
    request = talk.scene.runner.requests[-1]
    call = request.decided
    assert call
    assert (call.name, call.arguments, call.refusal) == (DELETE, ARGUMENTS, None)
    assert (call.call_id, call.steps) == (decided_call_id(decided.id), b"so far")
    capability = PlainCapabilities(talk.scene.clock).verify(request.capability).run
    assert capability.approved
    assert capability.approved.arguments_hash == decided.arguments_hash
    assert capability.needs_approval == {DELETE}
    assert (run.approval_id, run.status) == (decided.id, RunStatus.COMPLETED)
    assert (await talk.now()).status is ThreadStatus.ACTIVE
    (event,) = await talk.scene.audited(talk.admin, "approval.approved")
    assert event.actor_id == talk.admin.user_id


async def test_a_refusal_is_told_to_the_model_with_the_note() -> None:
    talk = await Waiting.begin(waiting(), saying("I leave it."))
    decided = await talk.decide(DENY)
    await talk.resumed(decided)
    request = talk.scene.runner.requests[-1]
    assert request.decided
    assert request.decided.refusal == "a person refused this call: Not this one."
    assert PlainCapabilities(talk.scene.clock).verify(request.capability).run.approved is None
    assert len(await talk.scene.audited(talk.admin, "approval.denied")) == 1


async def test_a_second_decision_is_refused() -> None:
    talk = await Waiting.begin(waiting(), saying("Done."))
    await talk.resumed(await talk.decide())
    with pytest.raises(ConflictError, match="decided on this already"):
        await talk.decide(DENY)
    assert len(talk.scene.runner.requests) == 2


async def test_of_two_who_decide_at_once_one_does() -> None:
    talk = await Waiting.begin(waiting(), saying("Done."))
    results = await asyncio.gather(talk.decide(), talk.decide(DENY), return_exceptions=True)
    (decided,) = [one for one in results if not isinstance(one, BaseException)]
    assert [type(one) for one in results if isinstance(one, BaseException)] == [ConflictError]
    await talk.resumed(decided)
    assert len(talk.scene.runner.requests) == 2


async def test_a_decision_that_comes_too_late_is_refused() -> None:
    talk = await Waiting.begin()
    talk.scene.clock.advance(DAY)
    with pytest.raises(ConflictError):
        await talk.decide()
    assert (await talk.held()).status is ApprovalStatus.PENDING


async def test_a_decision_with_a_key_is_made_once() -> None:
    talk = await Waiting.begin(waiting(), saying("Done."))
    await talk.resumed(await talk.decide(key=KEY))
    with pytest.raises(AnsweredBeforeError):
        await talk.decide(key=KEY)


async def test_each_of_several_decisions_starts_a_run_and_the_thread_waits_for_the_last() -> None:
    calls = ("call-1", "call-2")
    talk = await Waiting.begin(waiting(call_ids=calls), saying("One."), saying("Two."))
    first, second = talk.response.approvals
    decide = talk.scene.desk.people.decide
    decided = await decide(talk.admin, first.id, APPROVE)
    assert (await talk.now()).status is ThreadStatus.WAITING_APPROVAL
    await talk.resumed(decided)
    await talk.resumed(await decide(talk.admin, second.id, DENY))
    assert (await talk.now()).status is ThreadStatus.ACTIVE
    assert (await talk.contents())[-2:] == ["One.", "Two."]
    last = talk.scene.runner.requests[-1].decided
    assert last
    # What came of the first is known to the second.
    assert [turn.content for turn in last.since] == ["One."]


async def test_what_was_said_since_is_told_and_what_waited_is_not_told_twice() -> None:
    talk = await Waiting.begin(waiting(), saying("Not yet."), saying("Done."))
    await talk.scene.ask(talk.admin, talk.thread, "And now?")
    await talk.resumed(await talk.decide())
    request = talk.scene.runner.requests[-1]
    assert request.decided
    assert [turn.content for turn in request.decided.since] == ["And now?", "Not yet."]
    assert (request.content, request.history) == ("Delete it!", ())


async def test_whoever_decided_may_hang_up() -> None:
    gate, at_work = Gate(), Gate()
    talk = await Waiting.begin(waiting(), (at_work, *saying("Done.")))
    talk.scene.storage.at_commit.append(gate)
    deciding = asyncio.create_task(talk.decide())
    await gate.wait()
    deciding.cancel()
    await asyncio.gather(deciding, return_exceptions=True)
    gate.open()
    await at_work.wait()
    at_work.open()
    await talk.resumed((await talk.approvals(ApprovalStatus.APPROVED))[0])
    assert (await talk.contents())[-1] == "Done."


async def test_what_was_decided_while_a_run_is_at_work_begins_when_that_is_over() -> None:
    gate = Gate()
    talk = await Waiting.begin(waiting(), (gate, *saying("First.")), saying("Done."))
    asking = asyncio.create_task(talk.scene.ask(talk.admin, talk.thread, "Meanwhile?"))
    await gate.wait()
    decided = await talk.decide()
    assert decided.resumed_run_id is None
    assert await talk.scene.desk.people.watch_approvals() == 0
    gate.open()
    await asking
    assert await talk.scene.desk.people.watch_approvals() == 1
    await talk.resumed((await talk.approvals())[0])
    assert (await talk.contents())[-2:] == ["First.", "Done."]


async def test_what_was_decided_while_a_person_has_the_thread_begins_when_it_is_given_back() -> (
    None
):
    talk = await Waiting.begin(waiting(), saying("Done."))
    people = talk.scene.desk.people
    await people.hand_off(talk.admin, talk.thread.id, Handoff())
    decided = await talk.decide()
    assert decided.resumed_run_id is None
    assert await people.watch_approvals() == 0
    assert not await people.watch_approvals.resume_run(decided.id, talk.admin.organization_id)
    await people.resume(talk.admin, talk.thread.id, Handoff())
    assert await people.watch_approvals() == 1
    await talk.resumed((await talk.approvals())[0])
    assert (await talk.contents())[-1] == "Done."


async def test_a_process_without_room_leaves_the_run_to_another() -> None:
    fakes = Fakes.new()
    talk = await Waiting.begin(fakes=fakes)
    full = Scene.of(fakes=fakes, settings=DeskSettings(most_runs=0))
    decided = await full.desk.people.decide(talk.admin, talk.approval.id, APPROVE)
    assert decided.resumed_run_id is None
    talk.scene.runner.scripts.append(saying("Done."))
    assert await talk.scene.desk.people.watch_approvals() == 1
    await talk.resumed((await talk.approvals())[0])
    assert (await talk.contents())[-1] == "Done."


async def test_a_run_begins_once_however_many_look() -> None:
    fakes = Fakes.new()
    talk = await Waiting.begin(fakes=fakes)
    full = Scene.of(fakes=fakes, settings=DeskSettings(most_runs=0))
    await full.desk.people.decide(talk.admin, talk.approval.id, APPROVE)
    scenes = [Scene.of(saying("Done."), fakes=fakes) for _ in range(3)]
    begun = await asyncio.gather(*(one.desk.people.watch_approvals() for one in scenes))
    assert sum(begun) == 1
    for one in scenes:
        await one.desk.run_desk.drain(10)
    assert await talk.contents() == ["Delete it!", content(talk.response), "Done."]


async def test_a_resumed_run_whose_process_died_makes_the_call_in_another() -> None:
    fakes, gate = Fakes.new(), Gate()
    talk = await Waiting.begin(waiting(), (gate,), fakes=fakes)
    decided = await talk.decide()
    await gate.wait()
    await talk.scene.desk.run_desk.drain(0)
    alive = Scene.of(carried_out(decided, "Done."), fakes=fakes)
    alive.clock.advance(LEASE)
    assert await alive.desk.run_desk.recover() == 1
    assert decided.resumed_run_id
    await alive.settle(await alive.stored_run(talk.admin, decided.resumed_run_id))
    request = alive.runner.requests[-1]
    assert request.decided
    assert request.decided.refusal is None
    assert PlainCapabilities(alive.clock).verify(request.capability).run.approved
    assert (await talk.contents())[-1] == "Done."
