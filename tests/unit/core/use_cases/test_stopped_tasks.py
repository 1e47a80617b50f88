"""Tasks that are stopped, and tried again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.testing import NOON
from hexdesk.core.testing.examples import FAR_AHEAD, new_id
from hexdesk.core.use_cases.tasks import TaskBoard
from tests.unit.core.boards import Noting, board, board_of, claimed, kind, made, stored
from tests.unit.core.scenes import Scene

__all__ = ["board", "kind"]


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_a_cancelled_task_is_nobodys_work_any_more(
    scene: Scene, board: TaskBoard, kind: Noting, user: Member, *, is_under_way: bool
) -> None:
    task = await made(board, user)
    held = await claimed(scene, task) if is_under_way else None
    scene.clock.advance(60)
    cancelled = await board.cancel(user, task.id)
    assert cancelled.status is TaskStatus.CANCELLED
    assert cancelled.finished_at == NOON + timedelta(seconds=60)
    kept = await stored(scene, task)
    assert (kept.shown(), kept.lease_token, kept.lease_until) == (cancelled, None, None)
    assert kind.given_up == [kept]
    async with scene.fakes.memory.transaction(user) as tx:
        assert await tx.tasks.claim(task.id, new_id(), FAR_AHEAD) is None
        if held:
            assert not await tx.tasks.settle(replace(held, status=TaskStatus.SUCCEEDED))


async def test_a_task_that_has_ended_is_not_cancelled(
    scene: Scene, board: TaskBoard, kind: Noting, user: Member
) -> None:
    task = await made(board, user)
    for status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED):
        await stored(scene, task, status=status)
        with pytest.raises(ConflictError, match=f"has ended: it is {status.value}"):
            await board.cancel(user, task.id)
    assert kind.given_up == []


async def test_what_is_given_up_is_cancelled_or_not_at_all(
    scene: Scene, board: TaskBoard, user: Member
) -> None:
    class Failing(Noting):
        async def give_up(self, tx: Any, task: Task) -> None:
            raise ConflictError("not now")

    task = await made(board, user)
    with pytest.raises(ConflictError, match="not now"):
        await board_of(scene, Failing()).cancel(user, task.id)
    assert await board.get(user, task.id) == task


@pytest.mark.parametrize("status", [TaskStatus.FAILED, TaskStatus.CANCELLED])
async def test_a_task_is_tried_again_with_all_its_attempts_from_where_it_got(
    scene: Scene, board: TaskBoard, user: Member, status: TaskStatus
) -> None:
    task = await made(board, user, scheduled_at=NOON)
    await claimed(scene, task)
    scene.clock.advance(60)
    await stored(
        scene,
        task,
        status=status,
        attempts=3,
        progress=0.5,
        error="it did not work",
        steps=b"step 1",
        finished_at=scene.clock.now(),
        lease_token=None,
        lease_until=None,
    )
    retried = await board.retry(user, task.id)
    assert retried == replace(task, progress=0.5)
    kept = await stored(scene, task)
    assert (kept.ready_at, kept.steps) == (scene.clock.now(), b"step 1")
    assert (await claimed(scene, task)).attempts == 1


async def test_only_what_failed_or_was_cancelled_is_tried_again(
    scene: Scene, board: TaskBoard, user: Member
) -> None:
    task = await made(board, user)
    for status in (TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.SUCCEEDED):
        await stored(scene, task, status=status)
        with pytest.raises(ConflictError, match=f"the task is {status.value}: only failed"):
            await board.retry(user, task.id)


async def test_of_many_that_retry_a_task_at_once_one_does(
    scene: Scene, board: TaskBoard, user: Member
) -> None:
    task = await made(board, user)
    await stored(scene, task, status=TaskStatus.FAILED)
    retry = board.retry
    tried = await asyncio.gather(*(retry(user, task.id) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, ConflictError) for one in tried) == 4


async def test_a_task_of_a_type_that_is_gone_or_the_desks_own_is_cancelled_and_retried(
    scene: Scene, board: TaskBoard, admin: Member
) -> None:
    task = await made(board, admin)
    for other in (board_of(scene), board_of(scene, Noting(right=None))):
        assert (await other.cancel(admin, task.id)).status is TaskStatus.CANCELLED
        assert (await other.retry(admin, task.id)).status is TaskStatus.QUEUED
