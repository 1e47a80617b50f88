"""Tasks are done once, held while they are done, tried again, given up, and never lost."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    StorageUnavailableError,
    TaskFailedError,
    UnavailableError,
)
from hexdesk.core.model.audit import AuditFilter
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance, TaskHint, TaskStatus
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.task_desk import UNEXPECTED
from hexdesk.core.use_cases.task_types import TaskEnd, TaskWork
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import Scripted, add, desk_of, do, hint, stored, unknown

LEASE = DeskSettings().run_lease_seconds


async def test_a_task_that_succeeds_says_what_it_came_to(scene: Scene, admin: Member) -> None:
    kind = Scripted(parts=[TaskEnd(result={"answer": 42})])
    task = await add(scene, admin, task_data={"word": "hello"})
    await do(desk_of(scene, kind), task)
    after = await stored(scene, task)
    assert (after.status, after.result, after.progress) == (
        TaskStatus.SUCCEEDED,
        {"answer": 42},
        1.0,
    )
    assert (after.attempts, after.finished_at, after.lease_token) == (1, scene.clock.now(), None)
    assert kind.works[0].data.word == "hello"
    assert [(one.task_type, one.outcome) for one in scene.telemetry.tasks] == [
        ("scripted", TaskStatus.SUCCEEDED)
    ]


async def test_what_a_task_stores_is_stored_with_its_end(scene: Scene, admin: Member) -> None:
    async def note(tx: Transaction) -> None:
        event = (await tx.audit.page(AuditFilter(), ALL)).data[0]
        await tx.audit.add(replace(event, id=unknown(), action="task.effect"))

    task = await add(scene, admin)
    await do(desk_of(scene, Scripted(parts=[TaskEnd(store=note)])), task)
    assert len(await scene.audited(admin, "task.effect")) == 1


async def test_an_effect_that_cannot_be_stored_fails_the_attempt(
    scene: Scene, admin: Member
) -> None:
    async def refuse(tx: Transaction) -> None:
        raise ConflictError("somebody was faster")

    task = await add(scene, admin)
    await do(desk_of(scene, Scripted(parts=[TaskEnd(store=refuse)])), task)
    after = await stored(scene, task)
    assert (after.status, after.error) == (TaskStatus.QUEUED, "somebody was faster")


async def test_a_hint_that_comes_twice_does_nothing_the_second_time(
    scene: Scene, admin: Member
) -> None:
    gate, kind = Gate(), Scripted()
    kind.parts.append(lambda _: gate())
    desk, task = desk_of(scene, kind), await add(scene, admin)
    first = asyncio.create_task(desk.do(hint(task)))
    await gate.wait()
    await do(desk, task)
    gate.open()
    await first
    await do(desk, task)
    assert len(kind.works) == 1


async def test_a_hint_of_a_task_that_is_gone_does_nothing(scene: Scene, admin: Member) -> None:
    gone = TaskHint(task_id=unknown(), organization_id=admin.organization_id, priority=5)
    await scene.desk.task_desk.do(gone)
    assert scene.telemetry.tasks == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UnavailableError("the model is down"), "the model is down"),
        (ConflictError("busy"), "busy"),
        (RuntimeError("a secret of ours"), UNEXPECTED),
    ],
)
async def test_a_failed_attempt_is_followed_by_another_after_a_pause(
    scene: Scene, admin: Member, error: Exception, words: str
) -> None:
    kind = Scripted(parts=[error])
    desk, task = desk_of(scene, kind), await add(scene, admin)
    await do(desk, task)
    after = await stored(scene, task)
    assert (after.status, after.error, after.attempts) == (TaskStatus.QUEUED, words, 1)
    assert timedelta(seconds=1) <= after.ready_at - scene.clock.now() <= timedelta(seconds=2)
    await do(desk, task)
    assert len(kind.works) == 1  # too early
    scene.clock.advance(2)
    await do(desk, task)
    again = await stored(scene, task)
    assert (again.status, again.error, again.attempts) == (TaskStatus.SUCCEEDED, None, 2)
    assert kind.given_up == []


@pytest.mark.parametrize("error", [TaskFailedError("no"), InvalidError("no"), NotFoundError("no")])
async def test_what_would_end_alike_is_not_tried_again(
    scene: Scene, admin: Member, error: Exception
) -> None:
    kind, task = Scripted(parts=[error]), await add(scene, admin)
    await do(desk_of(scene, kind), task)
    after = await stored(scene, task)
    assert (after.status, after.error, after.attempts) == (TaskStatus.FAILED, "no", 1)
    assert [one.id for one in kind.given_up] == [task.id]
    assert after.finished_at == scene.clock.now()


async def test_data_that_does_not_fit_its_type_ends_the_task(scene: Scene, admin: Member) -> None:
    task = await add(scene, admin, task_data={"colour": "red"})
    await do(desk_of(scene, Scripted()), task)
    after = await stored(scene, task)
    assert after.status is TaskStatus.FAILED
    assert "colour" in (after.error or "")


async def test_the_last_attempt_is_the_last(scene: Scene, admin: Member) -> None:
    kind = Scripted(parts=[UnavailableError("down"), UnavailableError("still down")])
    desk, task = desk_of(scene, kind), await add(scene, admin, max_attempts=2)
    await do(desk, task)
    scene.clock.advance(2)
    await do(desk, task)
    after = await stored(scene, task)
    assert (after.status, after.error) == (TaskStatus.FAILED, "still down")
    assert len(kind.given_up) == 1
    assert [one.outcome for one in scene.telemetry.tasks] == [TaskStatus.QUEUED, TaskStatus.FAILED]


async def test_work_that_takes_too_long_is_stopped(scene: Scene, admin: Member) -> None:
    gate = Gate()
    kind = Scripted(parts=[lambda _: gate()], endurance=Endurance(time_limit=0.01))
    task = await add(scene, admin)
    await do(desk_of(scene, kind), task)
    assert (await stored(scene, task)).error == "did not end within 0.01 s"


async def test_a_type_that_no_worker_here_knows_waits_for_one_that_does(
    scene: Scene, admin: Member
) -> None:
    task = await add(scene, admin, task_type="from_the_future")
    await do(desk_of(scene), task)
    after = await stored(scene, task)
    assert (after.status, after.attempts) == (TaskStatus.QUEUED, 1)
    assert after.ready_at > scene.clock.now()


async def test_progress_and_steps_are_stored_as_they_come(scene: Scene, admin: Member) -> None:
    gate = Gate()

    async def work(now: TaskWork) -> None:
        await now.report(0.25)
        await now.report(0.1)
        await now.report(0.5)  # too soon to be worth a write
        scene.clock.advance(1)
        await now.report(7)
        await now.save(b"half way")
        await gate()

    kind, task = Scripted(parts=[work, TaskFailedError("no")]), await add(scene, admin)
    doing = asyncio.create_task(desk_of(scene, kind).do(hint(task)))
    await gate.wait()
    now = await stored(scene, task)
    assert (now.progress, now.steps) == (1.0, b"half way")
    gate.open()
    await doing
    assert kind.given_up[0].steps == b"half way"


async def test_an_attempt_goes_on_from_the_steps_of_the_one_before(
    scene: Scene, admin: Member
) -> None:
    async def work(now: TaskWork) -> None:
        await now.save(b"half way")

    kind = Scripted(parts=[work, UnavailableError("down")])
    desk, task = desk_of(scene, kind), await add(scene, admin)
    await do(desk, task)
    scene.clock.advance(2)
    await do(desk, task)
    assert [work.task.steps for work in kind.works] == [None, b"half way"]


async def test_a_cancelled_task_stops_at_its_next_word(scene: Scene, admin: Member) -> None:
    gate = Gate()

    async def work(now: TaskWork) -> None:
        await gate()
        await now.save(b"never stored")

    kind, task = Scripted(parts=[work]), await add(scene, admin)
    doing = asyncio.create_task(desk_of(scene, kind).do(hint(task)))
    await gate.wait()
    async with scene.fakes.memory.transaction(admin) as tx:
        running = await tx.tasks.get(task.id, lock=True)
        await tx.tasks.update(replace(running, status=TaskStatus.CANCELLED, lease_token=None))
    gate.open()
    await doing
    after = await stored(scene, task)
    assert (after.status, after.steps) == (TaskStatus.CANCELLED, None)


async def test_a_worker_that_stops_gives_its_task_back_without_counting_it(
    scene: Scene, admin: Member
) -> None:
    gate = Gate()
    kind, task = Scripted(parts=[lambda _: gate()]), await add(scene, admin)
    desk = desk_of(scene, kind)
    doing = asyncio.create_task(desk.do(hint(task)))
    await gate.wait()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    given_back = await stored(scene, task)
    assert (given_back.status, given_back.attempts) == (TaskStatus.QUEUED, 0)
    await do(desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED


async def test_what_cannot_be_given_back_is_left_to_its_lease(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    kind, task = Scripted(parts=[lambda _: gate()]), await add(scene, admin)
    doing = asyncio.create_task(desk_of(scene, kind).do(hint(task)))
    await gate.wait()
    await scene.break_storage()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert "task not given back" in caplog.messages


async def test_an_end_that_cannot_be_stored_is_made_again(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(_: TaskWork) -> None:
        await scene.break_storage()

    kind = Scripted(parts=[work])
    desk, task = desk_of(scene, kind), await add(scene, admin)
    await do(desk, task)
    assert "task not settled" in caplog.messages
    await scene.mend_storage()
    scene.clock.advance(LEASE)
    await do(desk, task)
    after = await stored(scene, task)
    assert (after.status, after.attempts) == (TaskStatus.SUCCEEDED, 2)


async def test_a_task_that_kills_its_workers_is_buried(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    kind = Scripted()
    desk, task = desk_of(scene, kind), await add(scene, admin, max_attempts=2)
    for _ in range(2):
        async with scene.fakes.memory.transaction(admin) as tx:
            until = scene.clock.now() + timedelta(seconds=LEASE)
            assert await tx.tasks.claim(task.id, scene.clock.new_id(), until)
        await do(desk, task)
        assert (await stored(scene, task)).status is TaskStatus.RUNNING  # its lease holds
        scene.clock.advance(LEASE)
    assert await desk.sweep() == 1
    await do(desk, task)
    after = await stored(scene, task)
    assert (after.status, after.error) == (
        TaskStatus.FAILED,
        "its worker died in each of 2 attempts",
    )
    assert (kind.works, [one.id for one in kind.given_up]) == ([], [task.id])
    assert "task buried" in caplog.messages


async def test_a_task_of_an_unknown_type_is_buried_too(scene: Scene, admin: Member) -> None:
    task = await add(scene, admin, max_attempts=1, task_type="from_the_future")
    async with scene.fakes.memory.transaction(admin) as tx:
        until = scene.clock.now() + timedelta(seconds=LEASE)
        await tx.tasks.claim(task.id, scene.clock.new_id(), until)
    scene.clock.advance(LEASE)
    await do(desk_of(scene), task)
    assert (await stored(scene, task)).status is TaskStatus.FAILED


async def test_a_task_that_recurs_begins_anew(scene: Scene, admin: Member) -> None:
    later = scene.clock.now() + timedelta(hours=1)
    kind = Scripted(parts=[TaskEnd(result={"round": 1}, again_at=later)])
    desk, task = desk_of(scene, kind), await add(scene, admin, max_attempts=1)
    await do(desk, task)
    after = await stored(scene, task)
    assert (after.status, after.attempts, after.ready_at) == (TaskStatus.QUEUED, 0, later)
    assert after.result == {"round": 1}
    assert scene.telemetry.tasks[0].outcome is TaskStatus.SUCCEEDED
    scene.clock.advance(3600)
    await do(desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED


async def test_those_that_must_wait_are_announced_when_they_are_due(
    scene: Scene, admin: Member
) -> None:
    desk, now = scene.desk.task_desk, scene.clock.now()
    ready = await add(scene, admin)
    waiting = await add(scene, admin, ready_at=now + timedelta(minutes=1))
    await desk.announce(ready, waiting)
    assert scene.queue.announced == [hint(ready)]
    assert await desk.sweep() == 0
    scene.clock.advance(60)
    assert await desk.sweep() == 2  # nobody has begun the first
    assert hint(waiting) in scene.queue.announced


async def test_a_queue_that_is_gone_costs_no_task(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    scene.queue.is_down = True
    await scene.desk.task_desk.announce(await add(scene, admin))
    assert "tasks not announced" in caplog.messages


async def test_sweeping_goes_on_whatever_goes_wrong(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    swept = asyncio.Event()
    troubles: list[Exception] = [StorageUnavailableError("gone"), RuntimeError("odd")]

    async def sweep() -> int:
        if troubles:
            raise troubles.pop(0)
        swept.set()
        return 0

    desk = scene.desk.task_desk
    going_on = asyncio.create_task(desk.keep_going(sweep, 0))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await swept.wait()
    going_on.cancel()
    assert [one for one in caplog.messages if one.startswith("sweeping")] == [
        "sweeping put off",
        "sweeping failed",
    ]


async def test_a_desk_keeps_house_until_it_is_told_to_stop(scene: Scene, admin: Member) -> None:
    task = await add(scene, System(organization_id=admin.organization_id))
    scene.clock.advance(60)
    keeping = asyncio.create_task(scene.desk.task_desk.keep_house())
    async with asyncio.timeout(DEADLINE_SECONDS):
        await scene.queue.heard(hint(task))
    keeping.cancel()
