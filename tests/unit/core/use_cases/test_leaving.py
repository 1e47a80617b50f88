"""Processes that end in good order, and what they all do after storage was away."""

import asyncio

import pytest

from hexdesk.core.errors import BusyError, UnavailableError
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import saying
from tests.unit.core.lost_runs import LEASE, begin, recovered
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate

QUICK = DeskSettings(poll_seconds=0.001)


async def test_a_run_that_a_process_leaves_can_be_taken_at_once() -> None:
    fakes, gate = Fakes.new(), Gate()
    leaving = Scene.of((gate, *saying("never")), fakes=fakes)
    other = Scene.of(saying("Hello!"), fakes=fakes)
    who = await leaving.founder()
    run = await begin(leaving, who)
    await gate.wait()
    await leaving.desk.run_desk.drain(0)
    assert (await recovered(other, who, run)).message


async def test_a_process_that_cannot_let_go_of_its_runs_ends_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("never")))
    who = await scene.founder()
    await begin(scene, who)
    await gate.wait()
    await scene.break_storage()
    await scene.desk.run_desk.drain(0)
    assert "runs not let go" in caplog.messages
    assert scene.desk.run_desk.running == 0


async def test_whoever_waits_for_an_answer_is_told_to_ask_again_when_the_process_ends() -> None:
    fakes, gate = Fakes.new(), Gate()
    busy = Scene.of((gate, *saying("Hello!")), fakes=fakes)
    leaving = Scene.of(fakes=fakes, settings=QUICK)
    who = await busy.founder()
    run = await begin(busy, who)
    await gate.wait()
    waiting = asyncio.create_task(leaving.desk.chat.await_answer(who, run))
    polled = leaving.storage.opened_for
    count = len(polled)
    async with asyncio.timeout(10):
        while len(polled) < count + 2:  # noqa: ASYNC110  it waits by asking again and again
            await asyncio.sleep(0)
    await leaving.desk.run_desk.drain(0)
    with pytest.raises(BusyError, match="ask for it again"):
        await waiting
    gate.open()
    await busy.settle(run)


async def test_a_message_that_waits_for_its_thread_is_refused_when_the_process_ends() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("never")))
    who = await scene.founder()
    thread = await scene.thread(who)
    await begin(scene, who, thread)
    await gate.wait()
    waiting = asyncio.create_task(scene.desk.chat.send_message(who, thread.id, "and more"))
    await asyncio.sleep(0)
    await scene.desk.run_desk.drain(0)
    with pytest.raises(UnavailableError, match="about to end"):
        await waiting
    assert [one.content for one in await scene.messages(who, thread)] == ["Hello?"]


async def test_after_an_outage_runs_are_left_to_those_who_hold_them_for_a_lease(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fakes, gate = Fakes.new(), Gate()
    dead = Scene.of((gate, *saying("never")), fakes=fakes)
    other = Scene.of(saying("Hello!"), fakes=fakes)
    who = await dead.founder()
    run = await begin(dead, who)
    await gate.wait()
    other.clock.advance(LEASE)
    await other.break_storage()
    keeping = asyncio.create_task(other.desk.run_desk.keep_house())
    async with asyncio.timeout(10):
        while "housekeeping put off" not in caplog.messages:  # noqa: ASYNC110  it only logs
            await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await other.mend_storage()
    assert await other.desk.run_desk.recover() == 0
    other.clock.advance(LEASE)
    assert (await recovered(other, who, run)).message
    gate.open()
    await dead.settle(run)


async def test_an_answer_in_the_journal_comes_before_a_run_that_is_taken_over(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user)
    scene.runner.scripts += ((scene.break_storage, *saying("Told.")), saying("And more."))
    response = await scene.ask(user, thread)
    assert not response.stored
    await scene.mend_storage()
    scene.clock.advance(LEASE + 1)
    await scene.ask(user, thread, "more?")
    assert [one.content for one in await scene.messages(user, thread)] == [
        "Hello?", "Told.", "more?", "And more.",
    ]  # fmt: skip
    assert (await scene.stored_run(user, response.run_id)).status is RunStatus.COMPLETED
