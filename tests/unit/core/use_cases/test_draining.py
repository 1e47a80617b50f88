"""The end of runs, and of the process that does them."""

import asyncio

import pytest

from hexdesk.core.errors import BusyError, UnavailableError
from hexdesk.core.model.chat import Run, RunStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import later, new_id
from tests.unit.core.lost_runs import LEASE, begin
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.scripts import Gate


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


async def test_what_is_left_can_be_taken_at_once() -> None:
    fakes, gate = Fakes.new(), Gate()
    leaving, next_one = Scene.of((gate,), fakes=fakes), Scene.of(saying("Hello!"), fakes=fakes)
    who = await leaving.founder()
    run = await begin(leaving, who)
    await gate.wait()
    await leaving.desk.run_desk.drain(0)
    assert await next_one.desk.run_desk.recover() == 1
    await next_one.settle(run)
    assert (await next_one.stored_run(who, run.id)).status is RunStatus.COMPLETED


async def test_without_storage_what_is_left_waits_until_its_lease_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    scene = Scene.of((gate,))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()
    await scene.break_storage()
    await scene.desk.run_desk.drain(0)
    assert caplog.messages == ["runs not let go"]
    await scene.mend_storage()
    assert (await scene.stored_run(who, run.id)).lease_until == later(LEASE)


async def test_whoever_waits_for_another_process_is_told_to_ask_again_when_this_one_ends() -> None:
    fakes, gate = Fakes.new(), Gate()
    at_work = Scene.of((gate, *saying("Hello!")), fakes=fakes)
    leaving = Scene.of(fakes=fakes)
    who = await at_work.founder()
    run = await begin(at_work, who)
    await gate.wait()
    waiting = asyncio.create_task(leaving.desk.chat.await_answer(who, run))
    await asyncio.wait([waiting], timeout=0.01)
    assert not waiting.done()
    await leaving.desk.run_desk.drain(0)
    with pytest.raises(BusyError, match="still being made"):
        await waiting
    gate.open()
    await at_work.settle(run)


async def test_a_message_that_waits_for_its_thread_is_refused_when_this_process_ends() -> None:
    fakes, gate = Fakes.new(), Gate()
    at_work = Scene.of((gate, *saying("Hello!")), fakes=fakes)
    leaving = Scene.of(fakes=fakes, settings=DeskSettings(poll_seconds=0.01))
    who = await at_work.founder()
    thread = await at_work.thread(who)
    run = await begin(at_work, who, thread)
    await gate.wait()
    waiting = asyncio.create_task(leaving.ask(who, thread, "Me too?"))
    await asyncio.wait([waiting], timeout=0.005)
    await leaving.desk.run_desk.drain(0)
    with pytest.raises(UnavailableError, match="about to end"):
        await waiting
    gate.open()
    await at_work.settle(run)
    assert [one.content for one in await at_work.messages(who, thread)] == ["Hello?", "Hello!"]
