"""After storage was away: answers that were given come first, and runs stay with their holders."""

import asyncio

import pytest

from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.testing import saying
from tests.unit.core.lost_runs import LEASE, begin, recovered
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate


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
