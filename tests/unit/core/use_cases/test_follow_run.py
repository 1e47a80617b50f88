"""Following a run, wherever it is being done, and waiting for its answer."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, GoneError, NotFoundError, StorageUnavailableError
from hexdesk.core.model.chat import Run, RunEvent, RunStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import new_id
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene, customer_of, text_of
from tests.unit.core.scripts import Gate, finished, started, step

POLLING = DeskSettings(poll_seconds=0.001)
NOT_POLLING = DeskSettings(poll_seconds=1000)


async def begin(scene: Scene, who: Member) -> Run:
    thread = await scene.thread(who)
    return await scene.desk.chat.send_message(who, thread.id, "Hello?")


async def test_whoever_follows_hears_what_is_said_when_it_is_said() -> None:
    first, second = Gate(), Gate()
    scene = Scene.of((first, TextDelta("Hel"), second, *saying("lo!")))
    who = await scene.founder()
    run = await begin(scene, who)
    stream = await scene.desk.chat.follow_run(who, run.thread_id, run.id)
    heard = [await anext(stream)]
    assert heard[0].type == "run.started"
    first.open()
    heard.append(await anext(stream))
    assert text_of(heard) == "Hel"
    second.open()
    heard += [event async for event in stream]
    assert text_of(heard) == "Hello!"
    assert heard[-1].type == "run.completed"


async def test_whoever_comes_back_goes_on_after_the_last_event_it_has() -> None:
    scene = Scene.of((started(), finished(), *saying("Hello!")))
    who = await scene.founder()
    run = await begin(scene, who)
    await scene.settle(run)
    whole = await scene.follow(who, run)
    for after in range(len(whole) + 1):
        assert await scene.follow(who, run, after) == whole[after:]
    assert await scene.follow(who, run, 1_000_000) == []


async def test_a_run_is_followed_from_another_process_too() -> None:
    fakes, gate = Fakes.new(), Gate()
    at_work = Scene.of((step(), gate, *saying("Hello!")), fakes=fakes)
    other = Scene.of(fakes=fakes, settings=POLLING)
    who = await at_work.founder()
    run = await begin(at_work, who)
    await gate.wait()
    following = asyncio.create_task(other.follow(who, run))
    await asyncio.wait([following], timeout=0.01)
    assert not following.done()
    gate.open()
    events = await following
    assert text_of(events) == "Hello!"
    assert events == await at_work.follow(who, run)


async def test_whoever_follows_another_process_is_woken_by_its_news() -> None:
    fakes, first, second = Fakes.new(), Gate(), Gate()
    at_work = Scene.of((first, TextDelta("Hel"), step(), second, *saying("lo!")), fakes=fakes)
    other = Scene.of(fakes=fakes, settings=NOT_POLLING)
    who = await at_work.founder()
    run = await begin(at_work, who)
    await first.wait()
    stream = await other.desk.chat.follow_run(who, run.thread_id, run.id)
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert (await anext(stream)).type == "run.started"
        waiting = asyncio.ensure_future(anext(stream))
        await waits_for_news(other, run)
        first.open()
        await second.wait()
        other.events.tell(run.id)
        assert text_of([await waiting]) == "Hel"
        rest = asyncio.create_task(all_of(stream))
        await waits_for_news(other, run)
        second.open()
        await at_work.settle(run)
        other.events.tell(run.id)
        assert (await rest)[-1].type == "run.completed"
    assert not other.events.is_awaited(run.id)


async def waits_for_news(scene: Scene, run: Run) -> None:
    """Return when somebody waits for news of the run."""
    while not scene.events.is_awaited(run.id):  # noqa: ASYNC110  it tells of no change
        await asyncio.sleep(0)


async def all_of(stream: AsyncGenerator[RunEvent]) -> list[RunEvent]:
    """Return the rest of a stream."""
    return [event async for event in stream]


async def test_a_stream_whose_process_drains_goes_on_when_another_takes_the_run() -> None:
    fakes, gate = Fakes.new(), Gate()
    first = Scene.of((TextDelta("Let me see. "), step(), gate), fakes=fakes, settings=POLLING)
    second = Scene.of(saying("Found."), fakes=fakes)
    who = await first.founder()
    run = await begin(first, who)
    following = asyncio.create_task(first.follow(who, run))
    await gate.wait()
    await first.desk.run_desk.drain(0)
    first.clock.advance(15)
    await second.desk.run_desk.recover()
    events = await following
    assert text_of(events) == "Let me see. Found."
    assert [event.id for event in events] == list(range(1, len(events) + 1))


async def test_whoever_follows_the_process_that_took_over_misses_nothing_of_before() -> None:
    fakes, gate, later = Fakes.new(), Gate(), Gate()
    first = Scene.of((TextDelta("Let me see. "), step(), gate), fakes=fakes)
    second = Scene.of((later, *saying("Found.")), fakes=fakes)
    who = await first.founder()
    run = await begin(first, who)
    await gate.wait()
    await first.desk.run_desk.drain(0)
    first.clock.advance(15)
    await second.desk.run_desk.recover()
    following = [asyncio.create_task(second.follow(who, run, after)) for after in (0, 1, 2)]
    await later.wait()
    assert second.events.follow(run.id, 0) is not None
    later.open()
    streams = await asyncio.gather(*following)
    assert [event.id for event in streams[0]] == list(range(1, len(streams[0]) + 1))
    assert text_of(streams[0]) == "Let me see. Found."
    assert streams[1] == streams[0][1:]
    assert streams[2] == streams[0][2:]


async def test_events_are_kept_for_a_day() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    run = await begin(scene, who)
    await scene.settle(run)
    scene.clock.advance(86_400)
    assert text_of(await scene.follow(who, run)) == "Hello!"
    scene.clock.advance(1)
    with pytest.raises(GoneError, match="no longer kept"):
        await scene.follow(who, run)


async def test_runs_of_others_do_not_exist() -> None:
    scene = Scene.of(saying("Hello!"))
    admin = await scene.founder()
    user = await scene.member(admin)
    stranger = await scene.founder("eve@example.org")
    run = await begin(scene, admin)
    await scene.settle(run)
    for who in (user, stranger, customer_of(admin)):
        with pytest.raises(NotFoundError):
            await scene.follow(who, run)
    elsewhere = await scene.thread(admin)
    for wrong in (replace(run, id=new_id()), replace(run, thread_id=elsewhere.id)):
        with pytest.raises(NotFoundError):
            await scene.follow(admin, wrong)


async def test_the_answer_of_a_run_that_is_over_is_had_by_its_id() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    run = await begin(scene, who)
    response = await scene.desk.chat.await_answer(who, run)
    assert await scene.desk.chat.await_answer.by_id(who, run.id) == response


async def test_the_answer_of_a_run_at_work_is_waited_for() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Hello!")))
    who = await scene.founder()
    run = await begin(scene, who)
    await gate.wait()
    waiting = asyncio.create_task(scene.desk.chat.await_answer.by_id(who, run.id))
    gate.open()
    assert (await waiting).run_id == run.id


async def test_the_answer_of_another_process_is_waited_for_too() -> None:
    fakes, gate = Fakes.new(), Gate()
    at_work = Scene.of((gate, *saying("Hello!")), fakes=fakes)
    other = Scene.of(fakes=fakes, settings=POLLING)
    who = await at_work.founder()
    run = await begin(at_work, who)
    await gate.wait()
    waiting = asyncio.create_task(other.desk.chat.await_answer(who, run))
    gate.open()
    response = await waiting
    assert response == await at_work.desk.chat.await_answer(who, run)


async def test_whoever_waits_longer_than_a_run_may_take_is_told_to_ask_again() -> None:
    hasty = DeskSettings(thread_wait_seconds=0, run_lease_seconds=0.005)
    gate = Gate()
    scene = Scene.of((gate, *saying("late")), settings=hasty)
    who = await scene.founder()
    run = await begin_with_patience(scene, who)
    await gate.wait()
    with pytest.raises(BusyError, match="still being made"):
        await scene.desk.chat.await_answer(who, run)
    gate.open()
    await scene.settle(run)


async def begin_with_patience(scene: Scene, who: Member) -> Run:
    """Begin a run, and return it as one that may take no time."""
    run = await begin(scene, who)
    return replace(run, settings=replace(run.settings, timeout_seconds=0))


async def test_a_run_that_ended_without_an_answer_gives_none() -> None:
    fakes = Fakes.new()
    scene, other = Scene.of((Gate(),), fakes=fakes), Scene.of(fakes=fakes)
    who = await scene.founder()
    run = await begin(scene, who)
    await scene.desk.run_desk.drain(0)
    async with scene.fakes.memory.transaction(who) as tx:
        failed = replace(run, status=RunStatus.FAILED, finished_at=scene.clock.now())
        assert await tx.runs.finish(failed)
    for process in (scene, other):
        with pytest.raises(BusyError):
            await process.desk.chat.await_answer(who, run)


async def test_an_answer_that_is_there_needs_no_storage() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    run = await begin(scene, who)
    await scene.settle(run)
    await scene.break_storage()
    assert (await scene.desk.chat.await_answer(who, run)).stored
    with pytest.raises(StorageUnavailableError):
        await scene.desk.chat.await_answer.by_id(who, run.id)


async def test_nobody_counts_as_listening_who_only_waits_for_the_answer() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Hello!")))
    who = await scene.founder()
    run = await begin(scene, who)
    waiting = asyncio.create_task(scene.desk.chat.await_answer(who, run))
    await gate.wait()
    assert not scene.events.is_followed(run.id)
    gate.open()
    await waiting
