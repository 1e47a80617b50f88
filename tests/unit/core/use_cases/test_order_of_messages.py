"""Messages to one thread are answered one after the other, in whichever process."""

import asyncio

import pytest

from hexdesk.core.errors import (
    BusyError,
)
from hexdesk.core.model.agents import NewAgent
from hexdesk.core.model.chat import Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import an_idempotency_key
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.scripts import Gate

HASTY = DeskSettings(thread_wait_seconds=0.01)
KEY = an_idempotency_key()


async def contents(scene: Scene, who: Member, thread: Thread) -> list[str]:
    return [message.content for message in await scene.messages(who, thread)]


async def test_messages_to_one_thread_are_answered_one_after_the_other_in_order() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("1!")), saying("2!"), saying("3!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    asking = [asyncio.create_task(scene.ask(who, thread, f"{n}?")) for n in (1, 2, 3)]
    await gate.wait()
    assert len(scene.runner.requests) == 1
    gate.open()
    responses = await asyncio.gather(*asking)
    said = [(one.user_message.content, one.message and one.message.content) for one in responses]
    assert said == [("1?", "1!"), ("2?", "2!"), ("3?", "3!")]
    assert await contents(scene, who, thread) == ["1?", "1!", "2?", "2!", "3?", "3!"]
    third = scene.runner.requests[2]
    assert [turn.content for turn in third.history] == ["1?", "1!", "2?", "2!"]


async def test_threads_do_not_wait_for_each_other() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("late")), saying("soon"))
    who = await scene.founder()
    slow, quick = await scene.thread(who), await scene.thread(who)
    asking = asyncio.create_task(scene.ask(who, slow))
    await gate.wait()
    response = await scene.ask(who, quick)
    assert response.message
    assert response.message.content == "soon"
    gate.open()
    await asking


async def test_a_thread_that_is_not_free_in_time_is_busy_and_nothing_is_stored() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("late")), settings=HASTY)
    who = await scene.founder()
    thread = await scene.thread(who)
    asking = asyncio.create_task(scene.ask(who, thread, "first"))
    await gate.wait()
    results = await asyncio.gather(
        *(scene.ask(who, thread, "too soon") for _ in range(2)), return_exceptions=True
    )
    assert [type(one) for one in results] == [BusyError, BusyError]
    gate.open()
    await asking
    assert await contents(scene, who, thread) == ["first", "late"]
    assert len(scene.runner.requests) == 1


async def test_a_run_of_another_process_is_waited_for_too() -> None:
    fakes, gate = Fakes.new(), Gate()
    here = Scene.of(saying("here"), fakes=fakes, settings=DeskSettings(poll_seconds=0.001))
    there = Scene.of((gate, *saying("there")), fakes=fakes)
    who = await here.founder()
    thread = await here.thread(who)
    theirs = asyncio.create_task(there.ask(who, thread, "first"))
    await gate.wait()
    ours = asyncio.create_task(here.ask(who, thread, "second"))
    await asyncio.wait([ours], timeout=0.01)
    assert here.runner.requests == []
    gate.open()
    await asyncio.gather(theirs, ours)
    assert await contents(here, who, thread) == ["first", "there", "second", "here"]


async def test_whoever_waits_for_another_process_is_woken_by_its_news() -> None:
    fakes, gate = Fakes.new(), Gate()
    here = Scene.of(saying("here"), fakes=fakes, settings=DeskSettings(poll_seconds=1000))
    there = Scene.of((gate, *saying("there")), fakes=fakes)
    who = await here.founder()
    thread = await here.thread(who)
    run = await there.desk.chat.send_message(who, thread.id, "first")
    await gate.wait()
    ours = asyncio.create_task(here.ask(who, thread, "second"))
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not here.events.is_awaited(run.id):  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0)
    gate.open()
    await there.settle(run)
    here.events.tell(run.id)
    await ours
    assert await contents(here, who, thread) == ["first", "there", "second", "here"]


async def test_a_run_of_another_process_can_take_too_long() -> None:
    fakes, gate = Fakes.new(), Gate()
    here = Scene.of(fakes=fakes, settings=HASTY)
    there = Scene.of((gate, *saying("there")), fakes=fakes)
    who = await here.founder()
    thread = await here.thread(who)
    theirs = asyncio.create_task(there.ask(who, thread))
    await gate.wait()
    with pytest.raises(BusyError, match="busy with earlier messages"):
        await here.ask(who, thread)
    gate.open()
    await theirs


async def test_a_run_whose_process_died_is_taken_over_and_answered_first() -> None:
    fakes, gate = Fakes.new(), Gate()
    dead = Scene.of((gate, *saying("never")), fakes=fakes)
    here = Scene.of(saying("to the first"), saying("to the second"), fakes=fakes)
    who = await here.founder()
    thread = await here.thread(who)
    await dead.desk.chat.send_message(who, thread.id, "first")
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    here.clock.advance(16)
    await here.ask(who, thread, "second")
    assert await contents(here, who, thread) == [
        "first", "to the first", "second", "to the second",
    ]  # fmt: skip


async def test_a_dead_run_that_another_process_takes_first_is_waited_for() -> None:
    fakes, gate, later = Fakes.new(), Gate(), Gate()
    dead = Scene.of((gate, *saying("never")), fakes=fakes)
    quick = Scene.of((later, *saying("quick")), fakes=fakes)
    here = Scene.of(saying("here"), fakes=fakes, settings=DeskSettings(poll_seconds=0.001))
    who = await here.founder()
    thread = await here.thread(who)
    run = await dead.desk.chat.send_message(who, thread.id, "first")
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    here.clock.advance(16)

    async def take_first() -> None:
        taking = quick.desk.run_desk.take_over(run.id, who.organization_id)
        assert await asyncio.create_task(taking)

    # `here` has seen that the lease is over when the other process takes the run.
    here.storage.at_commit = [_nothing, take_first]
    asking = asyncio.create_task(here.ask(who, thread, "second"))
    await later.wait()
    later.open()
    await asking
    assert await contents(here, who, thread) == ["first", "quick", "second", "here"]


async def _nothing() -> None:
    """Let a transaction pass."""


async def test_what_is_said_comes_later_than_what_was_said_whoever_s_clock_is_late() -> None:
    scene = Scene.of(saying("one"), saying("two"))
    who = await scene.founder()
    agent = await scene.desk.agents.add(who, NewAgent(memory_retention=0))
    thread = await scene.thread(who, agent_id=agent.id)
    for text in ("1", "2"):
        await scene.ask(who, thread, text)
    said = await scene.messages(who, thread)
    assert [one.content for one in said] == ["1", "one", "2", "two"]
    times = [one.created_at for one in said]
    assert times == sorted(set(times))
    assert scene.runner.requests[1].history == ()
