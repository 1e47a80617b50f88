"""The runs of a process: held by lease, taken over from the dead, recovered by housekeeping."""

import asyncio

import pytest

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import LONG_AGO, a_message, a_run, a_thread, later
from tests.unit.core.lost_runs import LEASE, begin, left_behind, recovered
from tests.unit.core.scenes import Fakes, Scene, text_of
from tests.unit.core.scripts import DONE, Gate, started, step


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
    assert await scene.storage.backlog.abandoned_runs(10) == []
    gate.open()
    await scene.settle(run)
    assert (await scene.stored_run(who, run.id)).status is RunStatus.COMPLETED


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


async def test_whoever_has_lost_a_run_stops_at_its_next_step() -> None:
    fakes, gate = Fakes.new(), Gate()
    slow = Scene.of((gate, step(), started(), *saying("late")), fakes=fakes)
    quick = Scene.of(saying("soon"), fakes=fakes)
    who = await slow.founder()
    run = await begin(slow, who)
    await gate.wait()
    slow.clock.advance(LEASE)
    response = await recovered(quick, who, run)
    gate.open()
    await slow.settle(run)
    assert slow.telemetry.answers == []
    assert slow.runner.ended == 1
    assert (await slow.stored_run(who, run.id)).response == response


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


async def test_nothing_is_taken_over_for_a_lease_after_storage_was_gone() -> None:
    scene, who, run = await left_behind(())
    own, renewed, settings = Gate(), Gate(), DeskSettings(run_lease_seconds=0.003)
    house = Scene.of((own, *saying("own")), saying("Hello!"), fakes=scene.fakes, settings=settings)
    await begin(house, who)
    await own.wait()
    house.storage.at_commit = [StorageUnavailableError("gone"), renewed]
    keeping = asyncio.create_task(house.desk.run_desk.keep_house())
    await renewed.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await house.desk.run_desk.recover() == 0
    own.open()
    house.clock.advance(0.003)
    await recovered(house, who, run)
