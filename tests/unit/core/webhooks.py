"""Webhooks for tests: connected, told, and their tasks done."""

from dataclasses import replace as exchanged
from typing import Any

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import DeskError
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, WebhookDelivery
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.testing import RecordingEgress
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.integrations import NewIntegration
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.tasks import do

URL = "https://example.com/hook"


async def a_webhook(scene: Scene, admin: Member, *events: str, **config: Any) -> Integration:
    """Connect a webhook that wants these events, all of them if there are none."""
    config = {"url": URL, "events": list(events), **config}
    wish = NewIntegration(type="webhook", name="Hook", config=config)
    return await scene.desk.integrations.add(admin, wish)


async def deliveries(scene: Scene, admin: Member, hook: Integration) -> list[WebhookDelivery]:
    """Return what is sent to the webhook, oldest first."""
    wanted = DeliveryFilter(integration_id=hook.id)
    part = replace(ALL, sort="created_at")
    return list((await scene.desk.integrations.list_deliveries(admin, wanted, part)).data)


async def told(scene: Scene, admin: Member, hook: Integration) -> list[tuple[str, Any]]:
    """Return the events on their way to the webhook, each with its data, oldest first."""
    events: list[tuple[str, Any]] = []
    for one in await deliveries(scene, admin, hook):
        body = msgspec.json.decode((await stored(scene, admin, one)).payload)
        assert body["type"] == one.event_type
        events.append((body["type"], body["data"]))
    return events


async def stored(scene: Scene, admin: Member, delivery: WebhookDelivery) -> Delivery:
    """Return the delivery as it is stored."""
    async with scene.fakes.memory.transaction(admin) as tx:
        return await tx.deliveries.get(delivery.id)


async def send_all(scene: Scene, admin: Member) -> None:
    """Do every task that is due, once."""
    scene.clock.advance(1)
    async with scene.fakes.memory.transaction(admin) as tx:
        oldest_first = replace(ALL, sort="created_at")
        queued = await tx.tasks.page(TaskFilter(status=TaskStatus.QUEUED), oldest_first)
    for task in queued.data:
        await do(scene.desk.task_desk, task)


def answer(code: int, **headers: str) -> EgressAnswer:
    """Return an answer with this status."""
    return EgressAnswer(status_code=code, headers=headers, body=b"")


async def a_told_webhook(
    *answers: EgressAnswer | DeskError, **config: Any
) -> tuple[Scene, Member, Integration]:
    """Return a desk with a webhook that has been told of a ticket; nothing has been sent."""
    scene = Scene.of(fakes=exchanged(Fakes.new(), egress=RecordingEgress(*answers)))
    admin = await scene.founder()
    hook = await a_webhook(scene, admin, **config)
    await scene.desk.tickets.create(admin, NewTicket(title="Login fails"))
    return scene, admin, hook


async def the_delivery(scene: Scene, admin: Member, hook: Integration) -> WebhookDelivery:
    """Return the one delivery there is."""
    [one] = await deliveries(scene, admin, hook)
    return one


async def the_task(scene: Scene, admin: Member) -> Any:
    """Return the one task there is."""
    async with scene.fakes.memory.transaction(admin) as tx:
        [task] = (await tx.tasks.page(TaskFilter(), ALL)).data
    return task


async def until_next(scene: Scene, delivery: WebhookDelivery) -> None:
    """Let time pass until the next attempt is due."""
    assert delivery.next_attempt_at is not None
    scene.clock.advance((delivery.next_attempt_at - scene.clock.now()).total_seconds())


async def nothing() -> None:
    """Do nothing, at a commit that is to go well."""
