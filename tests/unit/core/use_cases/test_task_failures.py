"""Attempts that fail: what is tried again and when, and what is given up."""

from datetime import timedelta

import pytest

from hexdesk.core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    TaskFailedError,
    UnavailableError,
)
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance, TaskStatus
from hexdesk.core.use_cases.task_desk import UNEXPECTED
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import Scripted, add, desk_of, do, stored

LEASE = DeskSettings().run_lease_seconds


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
