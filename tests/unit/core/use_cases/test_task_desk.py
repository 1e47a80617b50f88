"""Tasks are done once, held while they are done, announced again, and never lost."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    ConflictError,
    TaskFailedError,
    UnavailableError,
)
from hexdesk.core.model.audit import AuditFilter
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskHint, TaskStatus
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import (
    ENDURANCE,
    Anything,
    Scripted,
    add,
    desk_of,
    do,
    hint,
    stored,
    unknown,
)

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


async def test_an_end_that_comes_when_the_task_was_taken_away_is_not_stored(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    async def taken_away(now: TaskWork) -> None:
        async with scene.fakes.memory.transaction(admin) as tx:
            running = await tx.tasks.get(now.task.id, lock=True)
            await tx.tasks.update(replace(running, lease_token=unknown()))

    kind, task = (
        Scripted(parts=[taken_away, TaskEnd(result={"answer": 42})]),
        await add(scene, admin),
    )
    await do(desk_of(scene, kind), task)
    after = await stored(scene, task)
    assert (after.status, after.result) == (TaskStatus.RUNNING, None)
    assert "task lost" in caplog.messages


class Plain(TaskType):
    """A type that says no more than it must."""

    name = "plain"
    data = Anything
    right = None
    endurance = ENDURANCE
    priority = 5

    async def run(self, work: TaskWork) -> TaskEnd:
        raise TaskFailedError("no")


async def test_a_type_need_not_check_data_nor_follow_up(scene: Scene, admin: Member) -> None:
    task = await add(scene, admin, task_type="plain")
    async with scene.fakes.memory.transaction(admin) as tx:
        await Plain().check(tx, admin, Anything())
    await do(desk_of(scene, Plain()), task)
    assert (await stored(scene, task)).status is TaskStatus.FAILED
