"""Webhooks for tests: connected, told, and their tasks done."""

from typing import Any

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.model.webhooks import Delivery, DeliveryFilter, WebhookDelivery
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.integrations import NewIntegration
from tests.unit.core.scenes import Scene
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
