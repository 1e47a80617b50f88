"""What is shown of an answer when something else happens meanwhile is completed, or forgotten."""

import asyncio
import dataclasses

from hexdesk.core.additions import Additions
from hexdesk.core.model.channels import Receipt
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.channel_deliveries import LOST
from hexdesk.core.testing import saying
from tests.unit.core.answered import the_delivery, the_task
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.shown import (
    FIRST,
    HASTY,
    SECOND,
    finish,
    half_shown,
)
from tests.unit.core.tasks import do


async def test_a_process_that_ends_while_it_shows_leaves_the_rest_to_another() -> None:
    fakes = Fakes.new()
    flock, channel, _ = await half_shown(fakes=fakes)
    await flock.scene.desk.run_desk.drain(0)
    assert channel.taken_back == []
    task = await the_task(flock)
    assert (task.status, task.steps) == (TaskStatus.QUEUED, b"sending")
    # Nobody sends anything before the answer is whole.
    await do(flock.scene.desk.task_desk, task)
    task = await the_task(flock)
    assert (task.status, task.steps, channel.sent) == (TaskStatus.QUEUED, b"sending", [])
    additions = Additions(channels=(channel,))
    scene = Scene.of(saying(SECOND), fakes=fakes, additions=additions)
    other = dataclasses.replace(flock, scene=scene)
    flock.scene.clock.advance(60)
    await other.scene.desk.run_desk.recover()
    await other.settle()
    channel.looked_up = [Receipt(message_id="completed")]
    flock.scene.clock.advance(60)
    await other.work()
    one = await the_delivery(other)
    assert (one.status, one.id, channel.sent) == (DeliveryStatus.DELIVERED, task.id, [])
    assert len(channel.begun) == 1


async def test_what_is_removed_while_it_is_shown_is_forgotten() -> None:
    flock, _, gate = await half_shown()
    await flock.scene.desk.chat.remove_thread(flock.admin, (await flock.thread()).id)
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    flock.scene.clock.advance(60)
    await do(flock.scene.desk.task_desk, await the_task(flock))
    assert (await the_task(flock)).status is TaskStatus.SUCCEEDED


async def test_what_somebody_cancels_is_shown_no_longer_and_looked_up_when_it_is_whole() -> None:
    flock, channel, gate = await half_shown(settings=HASTY)
    task = await the_task(flock)
    await flock.scene.desk.tasks.cancel(flock.admin, task.id)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    await finish(flock, gate)
    [one] = await flock.deliveries()
    assert one.attempt_log[0].error == LOST
    await flock.work()
    [one] = await flock.deliveries()
    assert (one.status, channel.sent) == (DeliveryStatus.DELIVERY_UNKNOWN, [])


async def test_who_is_late_to_say_that_it_was_shown_leaves_what_was_decided() -> None:
    flock, channel, gate = await half_shown()
    task = await the_task(flock)

    async def cancel() -> None:
        await flock.scene.desk.tasks.cancel(flock.admin, task.id)

    channel.streams = [None, cancel]
    await finish(flock, gate)
    assert (await the_delivery(flock)).status is not DeliveryStatus.DELIVERED


async def test_without_storage_an_answer_is_shown_and_found_when_it_is_back() -> None:
    flock, channel, gate = await half_shown()
    await flock.scene.break_storage()
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.run_desk.unaccompanied()
    assert (channel.shown, channel.sent) == ([FIRST, SECOND], [])
    await flock.scene.mend_storage()
    await flock.scene.desk.run_desk.recover()
    channel.looked_up = [Receipt(message_id="found")]
    flock.scene.clock.advance(60)
    await do(flock.scene.desk.task_desk, await the_task(flock))
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert channel.sent == []
