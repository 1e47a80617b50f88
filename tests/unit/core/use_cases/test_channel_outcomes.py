"""Where nobody knows whether a message arrived it is asked, or said, and never sent blindly."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
)
from hexdesk.core.model.channels import Receipt
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.channel_deliveries import LOST
from tests.unit.core.answered import answered, the_delivery, the_task, until_next
from tests.unit.core.pigeons import Flock
from tests.unit.core.tasks import do

UNKNOWN = OutcomeUnknownError("the line went dead")


@pytest.mark.parametrize("found", [[], [UNKNOWN]])
async def test_an_unknown_outcome_is_never_repeated_blindly(found: list[Any]) -> None:
    flock = await answered()
    flock.channel.deliveries = [UNKNOWN]
    flock.channel.looked_up = found
    await flock.work()
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.DELIVERY_UNKNOWN, "the line went dead")
    flock.scene.clock.advance(10_000)
    await flock.work()
    assert flock.channel.sent == []


async def test_an_unknown_outcome_may_be_found_out() -> None:
    flock = await answered()
    flock.channel.deliveries = [UNKNOWN]
    flock.channel.looked_up = [Receipt(message_id="found")]
    await flock.work()
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.DELIVERED, None)
    assert flock.channel.sent == []


async def test_what_certainly_has_not_arrived_is_sent_again() -> None:
    flock = await answered()
    flock.channel.deliveries = [UNKNOWN]
    flock.channel.looked_up = [None]
    await flock.work()
    assert (await the_delivery(flock)).status is DeliveryStatus.PENDING
    await until_next(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert len(flock.channel.sent) == 1


async def test_while_nobody_can_be_asked_nothing_is_sent() -> None:
    flock = await answered()
    flock.channel.deliveries = [UNKNOWN]
    flock.channel.looked_up = [
        RetryAfterError("later", retry_after=60),
        UnavailableError("still down"),
        Receipt(message_id="found"),
    ]
    await flock.work()
    assert (await the_delivery(flock)).attempt_log[-1].is_unknown
    await until_next(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.PENDING
    await until_next(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert flock.channel.sent == []


async def killed_while_sending(flock: Flock) -> None:
    """Have a process die between the sending and the noting of it."""
    [task] = await flock.due("channel_delivery")
    gate = asyncio.Event()
    reached = asyncio.Event()

    async def send_and_die() -> None:
        reached.set()
        await gate.wait()

    flock.channel.deliveries = [send_and_die]
    doing = asyncio.create_task(do(flock.scene.desk.task_desk, task))
    await reached.wait()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        held = await tx.tasks.get(task.id, lock=True)
        now = flock.scene.clock.now()
        # As the row is when a process is killed: its lease ends some time.
        await tx.tasks.update(replace(held, lease_until=now, lease_token=None))
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    flock.channel.deliveries = []


async def again(flock: Flock) -> None:
    await do(flock.scene.desk.task_desk, await the_task(flock))


async def test_a_process_that_dies_while_it_sends_leaves_the_outcome_unknown() -> None:
    flock = await answered()
    await killed_while_sending(flock)
    await again(flock)
    one = await the_delivery(flock)
    assert (one.status, one.last_error) == (DeliveryStatus.DELIVERY_UNKNOWN, LOST)
    assert flock.channel.sent == []


async def test_what_a_dead_process_sent_may_be_found() -> None:
    flock = await answered()
    await killed_while_sending(flock)
    flock.channel.looked_up = [Receipt(message_id="found")]
    await again(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert flock.channel.sent == []


async def test_what_a_dead_process_did_not_send_is_sent() -> None:
    flock = await answered()
    await killed_while_sending(flock)
    flock.channel.looked_up = [None]
    await again(flock)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert len(flock.channel.sent) == 1


async def test_a_channel_that_breaks_while_it_sends_leaves_the_outcome_unknown() -> None:
    flock = await answered()
    flock.channel.deliveries = [KeyError("boom")]
    await flock.work()
    flock.scene.clock.advance(10)
    await flock.work()
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERY_UNKNOWN
    assert flock.channel.sent == []


async def test_one_that_is_cancelled_after_it_went_out_is_unknown() -> None:
    flock = await answered()
    await killed_while_sending(flock)
    task = await the_task(flock)
    sending = flock.scene.desk.task_desk.types["channel_delivery"]
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await sending.give_up(tx, task)
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERY_UNKNOWN
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        await sending.give_up(tx, task)
    assert (await the_delivery(flock)).attempts == 1


async def test_a_delivery_has_the_name_that_the_other_system_gives_it() -> None:
    flock = await answered()
    flock.channel.deliveries = [Receipt(message_id="theirs")]
    await flock.work()
    assert (await the_delivery(flock)).status is DeliveryStatus.DELIVERED
    assert len(flock.channel.sent) == 1
