"""A run whose process died goes on in another, and says nothing twice."""

import asyncio
from contextlib import aclosing

import msgspec

from hexdesk.core.model.agents import AgentChange
from hexdesk.core.model.chat import DegradedReason, RunEvent
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.words import NOTICES
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import an_event
from tests.unit.core.lost_runs import LEASE, begin, left_behind, recovered
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene, text_of
from tests.unit.core.scripts import Gate, finished, started, step


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


async def test_calls_that_were_told_before_the_crash_are_not_told_again() -> None:
    fakes, gate = Fakes.new(), Gate()
    script = (step(), started(), finished(), gate)
    dead = Scene.of(script, fakes=fakes, settings=DeskSettings(flush_seconds=0))
    alive = Scene.of((started(), finished(), *saying("Found.")), fakes=fakes)
    who = await dead.founder()
    run = await begin(dead, who)
    stream = await dead.desk.chat.follow_run(who, run.thread_id, run.id)
    async with asyncio.timeout(DEADLINE_SECONDS), aclosing(stream):
        while (await anext(stream)).type != "tool.finished":
            pass
    await dead.desk.run_desk.drain(0)
    response = await recovered(alive, who, run)
    assert [(use.call_id, use.status) for use in response.tools_used] == [("call-1", "ok")]
    events = await alive.follow(who, await alive.stored_run(who, run.id))
    assert [event.type for event in events] == [
        "run.started", "tool.started", "tool.finished", "text.delta", "run.completed",
    ]  # fmt: skip


async def test_a_run_that_was_cut_off_after_a_call_still_knows_of_it() -> None:
    scene, who, run = await left_behind((step(),))
    use = {"call_id": "call-1", "name": "get_ticket", "arguments": {"ticket_id": 1}}
    end = {"call_id": "call-1", "name": "get_ticket", "status": "ok", "duration_ms": 12.5}
    told = [
        RunEvent(id=2, type="tool.started", data=raw(use)),
        RunEvent(id=3, type="tool.finished", data=raw(end)),
        RunEvent(id=4, type="tool.started", data=raw({**use, "call_id": "call-2"})),
        an_event(5, "It is a mat"),
    ]
    async with scene.fakes.memory.transaction(who) as tx:
        await tx.event_log.add(run.id, told)
    response = await recovered(scene, who, run)
    assert [(one.call_id, one.status, one.error) for one in response.tools_used] == [
        ("call-1", "ok", None), ("call-2", "error", "was interrupted"),
    ]  # fmt: skip


def raw(data: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(data))


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


async def test_a_run_that_is_begun_again_and_again_comes_to_an_end() -> None:
    scene, who, run = await left_behind((), saying("never"))
    scene.clock.advance(3 * (120 + LEASE))
    response = await recovered(scene, who, run)
    assert response.degraded_reason is DegradedReason.RUN_LIMIT
    assert response.message
    assert response.message.content == NOTICES[DegradedReason.RUN_LIMIT]
    assert scene.runner.requests == []
