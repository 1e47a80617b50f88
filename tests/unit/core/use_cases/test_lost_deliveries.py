"""Deliveries whose process ends, whose task is taken away, or whose webhook is removed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.deliveries import LOST
from hexdesk.core.use_cases.integrations import IntegrationChange
from hexdesk.core.use_cases.outbox import MOST_CRASHES
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import do, hint
from tests.unit.core.webhooks import (
    a_told_webhook,
    answer,
    nothing,
    send_all,
    the_delivery,
    the_task,
)

LEASE = 15


async def crash(scene: Scene, admin: Member) -> None:
    """Send, and end before anything about that is stored; then let the lease end."""
    task = await the_task(scene, admin)
    # A claim, and a look: what comes next would store how it went.
    scene.storage.at_commit.extend([nothing, nothing, StorageUnavailableError("gone")])
    await do(scene.desk.task_desk, task)
    scene.clock.advance(LEASE + 1)


async def test_what_was_sent_by_a_process_that_ended_is_sent_again_under_the_same_id() -> None:
    scene, admin, hook = await a_told_webhook()
    scene.clock.advance(1)
    await crash(scene, admin)
    assert (await the_delivery(scene, admin, hook)).attempts == 0
    await do(scene.desk.task_desk, await the_task(scene, admin))
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.DELIVERED, 2)
    assert [one.error for one in after.attempt_log] == [LOST, None]
    assert [one.is_unknown for one in after.attempt_log] == [True, False]
    first, second = scene.fakes.egress.posted
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(after.id)


async def test_what_takes_every_process_along_is_given_up_as_unknown() -> None:
    scene, admin, hook = await a_told_webhook()
    scene.clock.advance(1)
    for _ in range(MOST_CRASHES):
        await crash(scene, admin)
    await do(scene.desk.task_desk, await the_task(scene, admin))
    over = await the_delivery(scene, admin, hook)
    assert (over.status, over.attempts) == (DeliveryStatus.DELIVERY_UNKNOWN, MOST_CRASHES)
    assert (over.last_error, over.next_attempt_at) == (LOST, None)
    assert (await the_task(scene, admin)).status is TaskStatus.FAILED


async def test_a_crash_before_a_switch_is_remembered_too() -> None:
    scene, admin, hook = await a_told_webhook()
    scene.clock.advance(1)
    await crash(scene, admin)
    await scene.desk.integrations.change(admin, hook.id, IntegrationChange(is_active=False))
    await do(scene.desk.task_desk, await the_task(scene, admin))
    over = await the_delivery(scene, admin, hook)
    assert (over.status, over.attempts) == (DeliveryStatus.DELIVERY_UNKNOWN, 1)


async def give_up(scene: Scene, admin: Member, **changes: Any) -> None:
    """Have the task given up from outside, as somebody who cancels it does."""
    task = replace(await the_task(scene, admin), **changes)
    async with scene.fakes.memory.transaction(admin) as tx:
        await scene.desk.task_desk.types["webhook_delivery"].give_up(tx, task)


async def test_a_delivery_whose_task_is_cancelled_has_failed() -> None:
    scene, admin, hook = await a_told_webhook()
    await give_up(scene, admin, status=TaskStatus.CANCELLED)
    over = await the_delivery(scene, admin, hook)
    assert (over.status, over.last_error) == (DeliveryStatus.FAILED, "it was cancelled")
    await give_up(scene, admin, error="again")
    assert await the_delivery(scene, admin, hook) == over


async def test_a_delivery_whose_task_is_cancelled_while_it_sends_is_unknown() -> None:
    scene, admin, hook = await a_told_webhook()
    await give_up(scene, admin, status=TaskStatus.CANCELLED, attempts=1)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.DELIVERY_UNKNOWN


async def test_a_task_that_is_tried_again_by_hand_takes_its_delivery_up_again() -> None:
    scene, admin, hook = await a_told_webhook(answer(410), answer(500))
    await send_all(scene, admin)
    await scene.desk.integrations.change(admin, hook.id, IntegrationChange(is_active=True))
    failed = await the_task(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.FAILED
    await scene.desk.tasks.retry(admin, failed.id)
    await send_all(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.PENDING
    scene.clock.advance(10)
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.DELIVERED, 3)


async def test_a_delivery_that_was_forgotten_is_not_sent() -> None:
    scene, admin, _ = await a_told_webhook()
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.deliveries.forget(scene.clock.now() + timedelta(days=1))
    await send_all(scene, admin)
    task = await the_task(scene, admin)
    assert (task.status, task.result) == (TaskStatus.SUCCEEDED, {"status": "forgotten"})
    await give_up(scene, admin)
    assert scene.fakes.egress.posted == []


@pytest.mark.parametrize("code", [200, 500])
async def test_a_webhook_that_is_removed_while_it_is_called_leaves_nothing_behind(
    code: int,
) -> None:
    scene, admin, hook = await a_told_webhook(answer(code))
    scene.clock.advance(1)
    gate, task = Gate(), await the_task(scene, admin)
    scene.storage.at_commit.extend([nothing, gate])
    doing = asyncio.create_task(scene.desk.task_desk.do(hint(task)))
    await gate.wait()
    await scene.desk.integrations.remove(admin, hook.id)
    gate.open()
    await doing
    assert (await the_task(scene, admin)).status in {TaskStatus.SUCCEEDED, TaskStatus.QUEUED}
    await send_all(scene, admin)
    scene.clock.advance(10)
    await send_all(scene, admin)
    assert (await the_task(scene, admin)).status is TaskStatus.SUCCEEDED
    assert len(scene.fakes.egress.posted) == 1
