"""The runs of a process: held by lease, taken over from the dead, drained."""

import asyncio
from typing import Any

import pytest

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.agents import AgentChange, NewAgent
from hexdesk.core.model.chat import ChatResponse, DegradedReason, Run, RunStatus, Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.words import NOTICES
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import (
    LONG_AGO,
    a_message,
    a_run,
    a_thread,
    an_event,
    later,
    new_id,
)
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene, text_of
from tests.unit.core.scripts import DONE, Gate, finished, started, step

LEASE = 15


async def begin(scene: Scene, who: Member, thread: Thread | None = None) -> Run:
    thread = thread or await scene.thread(who)
    return await scene.desk.chat.send_message(who, thread.id, "Hello?")


async def left_behind(script: Script, *goes_on: Script, **agent: Any) -> tuple[Scene, Member, Run]:
    """Return a process that finds the run of another one, which died at the end of its script."""
    fakes, gate = Fakes.new(), Gate()
    dead, alive = Scene.of((*script, gate), fakes=fakes), Scene.of(*goes_on, fakes=fakes)
    who = await dead.founder()
    made = await dead.desk.agents.add(who, NewAgent(**agent))
    run = await begin(dead, who, await dead.thread(who, agent_id=made.id))
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    alive.clock.advance(LEASE)
    return alive, who, run


async def recovered(scene: Scene, who: Member, run: Run) -> ChatResponse:
    """Have the run taken over, and return its answer."""
    assert await scene.desk.run_desk.recover() == 1
    await scene.settle(run)
    stored = await scene.stored_run(who, run.id)
    assert stored.response
    return stored.response


async def test_leases_are_held_for_as_long_as_a_run_takes() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Hello!")))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()
    scene.clock.advance(10)
    await scene.desk.run_desk.renew()
    assert (await scene.stored_run(who, run.id)).lease_until == later(10 + LEASE)
    scene.clock.advance(10)
    assert await scene.storage.directory.abandoned_runs(10) == []
    gate.open()
    await scene.settle(run)


async def test_a_run_that_was_taken_away_is_dropped_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fakes, gate = Fakes.new(), Gate()
    slow, quick = (
        Scene.of((gate, *saying("late")), fakes=fakes),
        Scene.of(saying("soon"), fakes=fakes),
    )
    who = await slow.founder()
    run = await begin(slow, who)
    await gate.wait()
    slow.clock.advance(LEASE)
    response = await recovered(quick, who, run)
    await slow.desk.run_desk.renew()
    await slow.settle(run)
    assert "run lost" in caplog.messages
    assert slow.telemetry.answers == []
    assert (slow.runner.ended, slow.desk.run_desk.running) == (1, 0)
    assert (await slow.stored_run(who, run.id)).response == response


@pytest.mark.parametrize("is_followed", [True, False])
async def test_what_a_process_says_of_a_run_it_has_lost_is_neither_stored_nor_shown(
    *, is_followed: bool
) -> None:
    settings = DeskSettings(flush_seconds=0)
    fakes, gate, last = Fakes.new(), Gate(), Gate()
    slow = Scene.of((gate, TextDelta("late"), last, DONE), fakes=fakes, settings=settings)
    quick = Scene.of((last, *saying("soon")), fakes=fakes)
    who = await slow.founder()
    run = await begin(slow, who)
    await gate.wait()
    following = asyncio.create_task(slow.follow(who, run)) if is_followed else None
    slow.clock.advance(LEASE)
    assert await quick.desk.run_desk.recover() == 1
    gate.open()
    await last.wait()
    last.open()
    await slow.settle(run)
    await quick.settle(run)
    stored = await quick.follow(who, run)
    assert text_of(stored) == "soon"
    if following:
        assert await following == stored


async def test_a_run_goes_on_from_its_last_step_and_says_nothing_twice() -> None:
    script = (TextDelta("Let me see. "), step(), started(), finished())
    again = (started(), finished(), *saying("Found."))
    scene, who, run = await left_behind(script, again)
    response = await recovered(scene, who, run)
    assert response.message
    assert response.message.content == "Let me see. Found."
    assert [use.call_id for use in response.tools_used] == ["call-1"]
    (request,) = scene.runner.requests
    assert (request.steps, request.run_id, request.content) == (b"step 1", run.id, "Hello?")
    events = await scene.follow(who, await scene.stored_run(who, run.id))
    assert text_of(events) == "Let me see. Found."
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events].count("tool.started") == 1


async def test_calls_of_earlier_steps_stay_in_the_answer() -> None:
    script = (step("1"), started("a"), finished("a"), step("2"), started("b"))
    scene, who, run = await left_behind(script, (started("b"), finished("b"), *saying("Done.")))
    response = await recovered(scene, who, run)
    assert [(use.call_id, use.status) for use in response.tools_used] == [("a", "ok"), ("b", "ok")]
    assert scene.runner.requests[0].steps == b"2"


async def test_a_run_that_had_said_nothing_begins_anew() -> None:
    scene, who, run = await left_behind((), saying("Hello!"))
    response = await recovered(scene, who, run)
    assert response.message
    assert response.message.content == "Hello!"
    assert scene.runner.requests[0].steps is None


async def test_a_run_that_was_cut_off_in_the_middle_of_a_sentence_ends_degraded() -> None:
    scene, who, run = await left_behind((TextDelta("I think it is a mat"), step()))
    # What the customer has seen was stored before.
    async with scene.fakes.memory.transaction(who) as tx:
        events, _ = await tx.event_log.after(run.id, 0)
        await tx.event_log.add(run.id, [an_event(len(events) + 1, "ter of")])
    response = await recovered(scene, who, run)
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert response.message
    notice = NOTICES[DegradedReason.MODEL_UNAVAILABLE]
    assert response.message.content == f"I think it is a matter of\n\n{notice}"
    assert scene.runner.requests == []
    events = await scene.follow(who, await scene.stored_run(who, run.id))
    assert text_of(events) == response.message.content


async def test_what_an_agent_said_before_it_was_switched_off_is_not_unsaid() -> None:
    scene, who, run = await left_behind((TextDelta("Let me see. "), step()))
    change = AgentChange(is_active=False)
    await scene.desk.agents.change(who, run.agent_id, change)
    response = await recovered(scene, who, run)
    assert response.message
    assert response.message.content.startswith("Let me see. ")
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE


async def test_a_run_that_was_asked_for_as_a_whole_goes_on_as_a_whole() -> None:
    fakes, gate = Fakes.new(), Gate()
    dead, alive = Scene.of((step(), gate), fakes=fakes), Scene.of(saying("Hello!"), fakes=fakes)
    who = await dead.founder()
    thread = await dead.thread(who)
    run = await dead.desk.chat.send_message(who, thread.id, "Hello?", is_followed=False)
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    alive.clock.advance(LEASE)
    await recovered(alive, who, run)
    assert not alive.runner.requests[0].streams


async def test_a_run_keeps_the_settings_it_began_with() -> None:
    scene, who, run = await left_behind((), saying("Hello!"), name="Zoe", memory_retention=0)
    await scene.desk.agents.change(who, run.agent_id, AgentChange(name="Yan"))
    await recovered(scene, who, run)
    assert scene.runner.requests[0].instructions.startswith("You are Zoe,")


async def test_only_abandoned_runs_are_taken_over() -> None:
    fakes, gate = Fakes.new(), Gate()
    one, other = Scene.of((gate, *saying("Hello!")), fakes=fakes), Scene.of(fakes=fakes)
    who = await one.founder()
    run = await begin(one, who)
    await gate.wait()
    assert await other.desk.run_desk.recover() == 0
    one.clock.advance(LEASE)
    assert await one.desk.run_desk.recover() == 0
    assert not await other.desk.run_desk.ended(run.id)
    gate.open()
    await one.settle(run)
    assert not await other.desk.run_desk.take_over(run.id, who.organization_id)


async def test_a_full_or_draining_process_takes_nothing_over() -> None:
    scene, who, run = await left_behind(())
    gate = Gate()
    full = Scene.of((gate, *saying("busy")), fakes=scene.fakes, settings=DeskSettings(most_runs=1))
    own = await begin(full, who)
    await gate.wait()
    assert await full.desk.run_desk.recover() == 0
    gate.open()
    await full.settle(own)
    await full.desk.run_desk.drain(0)
    assert await full.desk.run_desk.recover() == 0
    assert (await scene.stored_run(who, run.id)).status is RunStatus.RUNNING


async def test_a_run_that_cannot_be_taken_over_keeps_no_other_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene, who, run = await left_behind((), saying("Hello!"))
    async with scene.fakes.memory.transaction(who) as tx:
        thread = a_thread(await tx.agents.get(run.agent_id))
        await tx.threads.add(thread)
        # Its message is nowhere.
        broken = a_run(thread, a_message(thread.id), who, lease_until=LONG_AGO)
        await tx.runs.begin(broken)
    await recovered(scene, who, run)
    assert "run not taken over" in caplog.messages


async def test_recovery_is_put_off_while_storage_is_gone() -> None:
    scene, who, run = await left_behind((), saying("Hello!"))
    scene.storage.at_commit.append(StorageUnavailableError("gone"))
    with pytest.raises(StorageUnavailableError):
        await scene.desk.run_desk.recover()
    await recovered(scene, who, run)


async def test_the_house_is_kept_until_it_is_left_whatever_goes_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate, renewed = Gate(), Gate()
    scene = Scene.of((gate, *saying("Hello!")), settings=DeskSettings(run_lease_seconds=0.003))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()

    async def stumble() -> None:
        raise RuntimeError("on purpose")

    scene.storage.at_commit = [StorageUnavailableError("gone"), stumble, renewed]
    keeping = asyncio.create_task(scene.desk.run_desk.keep_house())
    await renewed.wait()
    renewed.open()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert keeping.cancelled()
    assert "housekeeping put off" in caplog.messages
    assert "housekeeping failed" in caplog.messages
    gate.open()
    await scene.settle(run)


async def test_draining_lets_runs_end() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Hello!")))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()
    draining = asyncio.create_task(scene.desk.run_desk.drain(DEADLINE_SECONDS))
    gate.open()
    await draining
    assert (await scene.stored_run(who, run.id)).status is RunStatus.COMPLETED


async def test_what_is_not_over_in_time_is_left_for_another_process() -> None:
    gate = Gate()
    scene = Scene.of((TextDelta("half a sen"), gate, *saying("never")))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()
    await scene.desk.run_desk.drain(0)
    assert (scene.desk.run_desk.running, scene.runner.ended) == (0, 1)
    stored = await scene.stored_run(who, run.id)
    assert (stored.status, stored.response) == (RunStatus.RUNNING, None)
    assert scene.events.follow(run.id, 0) is None
    assert scene.telemetry.answers == []
    async with scene.fakes.memory.transaction(who) as tx:
        events, _ = await tx.event_log.after(run.id, 0)
    assert [event.type for event in events] == ["run.started"]


async def test_a_run_that_is_cancelled_before_it_begins_leaves_nothing_behind() -> None:
    scene = Scene.of(saying("never"))
    who = await scene.founder()
    run = await begin(scene, who)
    await scene.desk.run_desk.drain(0)
    assert scene.desk.run_desk.running == 0
    assert scene.events.follow(run.id, 0) is None


async def test_a_run_that_breaks_off_is_logged_and_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stumble() -> None:
        raise RuntimeError("on purpose")

    scene = Scene.of()
    who = await scene.founder()

    async def trip() -> None:
        scene.storage.at_commit.append(stumble)

    scene.runner.scripts.append((trip, *saying("Hello!")))
    run = await begin(scene, who)
    await scene.settle(run)
    (record,) = [one for one in caplog.records if one.message == "run broke off"]
    assert record.exc_info
    assert (await scene.stored_run(who, run.id)).status is RunStatus.RUNNING
    assert scene.desk.run_desk.running == 0
    assert await scene.desk.run_desk.answer(run.id) is None


async def test_the_latest_answers_are_kept_for_those_who_ask_a_moment_late() -> None:
    scene = Scene.of(saying("one"), saying("two"), settings=DeskSettings(most_runs=1))
    who = await scene.founder()
    runs: list[Run] = []
    for _ in range(2):
        runs.append(await begin(scene, who))
        await scene.settle(runs[-1])
    first, second = [await scene.desk.run_desk.answer(run.id) for run in runs]
    assert first is None
    assert second
    assert second.run_id == runs[1].id
    assert await scene.desk.run_desk.answer(new_id()) is None
