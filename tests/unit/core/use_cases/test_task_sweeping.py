"""Tasks are announced when they are due, and again when nobody has begun them."""

import asyncio
from datetime import timedelta

import pytest

from hexdesk.core.errors import (
    StorageUnavailableError,
)
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.settings import DeskSettings
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene
from tests.unit.core.tasks import (
    add,
    hint,
)

LEASE = DeskSettings().run_lease_seconds


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


async def test_what_fell_due_while_the_queue_was_gone_is_told_when_it_is_back(
    scene: Scene, admin: Member
) -> None:
    desk = scene.desk.task_desk
    task = await add(scene, admin, ready_at=scene.clock.now() + timedelta(seconds=1))
    scene.clock.advance(60)
    scene.queue.is_down = True
    assert [await desk.sweep(), await desk.sweep()] == [0, 0]
    scene.queue.is_down = False
    assert [await desk.sweep(), await desk.sweep()] == [1, 0]
    assert scene.queue.announced == [hint(task)]


async def test_a_sweep_that_the_queue_did_not_hear_marks_no_more_tasks(
    scene: Scene, admin: Member
) -> None:
    await add(scene, admin, ready_at=scene.clock.now() + timedelta(seconds=1))
    scene.clock.advance(60)
    scene.queue.is_down = True
    await scene.desk.task_desk.sweep()
    fresh = await add(scene, admin, ready_at=scene.clock.now() + timedelta(seconds=1))
    scene.clock.advance(60)
    await scene.desk.task_desk.sweep()
    assert hint(fresh) in await scene.fakes.memory.backlog.due_tasks(10)


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
