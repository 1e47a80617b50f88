"""Answers on their way into a channel."""

from hexdesk.core.model.tasks import Task, TaskFilter
from hexdesk.core.model.webhooks import WebhookDelivery
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.examples import ALL
from tests.unit.core.pigeons import Flock, says
from tests.unit.core.tasks import do


async def answered(channel: ScriptedChannel | None = None, *texts: str) -> Flock:
    """Return a flock whose agent has answered; nothing has been sent yet."""
    flock = await Flock.of(*map(saying, texts or ("It has shipped.",)), channel=channel)
    await flock.post(says("Where is it?"))
    await seen_to(flock)
    return flock


async def seen_to(flock: Flock) -> None:
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    await flock.settle()


async def the_delivery(flock: Flock) -> WebhookDelivery:
    [one] = await flock.deliveries()
    return one


async def the_task(flock: Flock) -> Task:
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        wanted = TaskFilter(task_type="channel_delivery")
        [task] = (await tx.tasks.page(wanted, ALL)).data
    return task


async def until_next(flock: Flock) -> None:
    due = (await the_delivery(flock)).next_attempt_at
    assert due
    flock.scene.clock.advance((due - flock.scene.clock.now()).total_seconds())
    await flock.work()
