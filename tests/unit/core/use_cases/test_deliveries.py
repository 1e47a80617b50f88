"""Looking at deliveries, and having them sent again."""

import asyncio
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from hexdesk.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.model.webhooks import DeliveryFilter, DeliveryStatus
from hexdesk.core.testing import RecordingEgress
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.integrations import IntegrationChange
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import do
from tests.unit.core.webhooks import a_webhook, answer, nothing, send_all, stored, the_delivery


@pytest.fixture
def scene() -> Scene:
    """Return a desk whose first call out fails."""
    return Scene.of(fakes=replace(Fakes.new(), egress=RecordingEgress(answer(500))))


@pytest.fixture
async def hook(scene: Scene, admin: Member) -> Integration:
    """Return a webhook that has been told of a ticket; nothing has been sent."""
    made = await a_webhook(scene, admin)
    await scene.desk.tickets.create(admin, NewTicket(title="Login fails"))
    return made


def sent(scene: Scene) -> list[str]:
    """Return the ids under which events went out."""
    return [one.headers["webhook-id"] for one in scene.fakes.egress.posted]


async def test_deliveries_are_listed_by_status_and_event(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    await send_all(scene, admin)
    await scene.thread(admin)
    await send_all(scene, admin)
    wanted = DeliveryFilter(integration_id=hook.id)
    desk = scene.desk.integrations
    assert (await desk.list_deliveries(admin, wanted, ALL)).total == 2
    arrived = changed(wanted, status=DeliveryStatus.DELIVERED)
    [one] = (await desk.list_deliveries(admin, arrived, ALL)).data
    assert one.event_type == "thread.created"
    tickets = changed(wanted, event_type="ticket.created")
    [one] = (await desk.list_deliveries(admin, tickets, ALL)).data
    assert one.status is DeliveryStatus.PENDING
    with pytest.raises(InvalidError):
        await desk.list_deliveries(admin, wanted, Slice(sort="payload"))


async def test_deliveries_are_for_admins_of_the_organization(
    scene: Scene, admin: Member, user: Member, stranger: Member, hook: Integration
) -> None:
    desk, wanted = scene.desk.integrations, DeliveryFilter(integration_id=hook.id)
    delivery = await the_delivery(scene, admin, hook)
    for attempt in (
        desk.list_deliveries(user, wanted, ALL),
        desk.redeliver(user, hook.id, delivery.id),
    ):
        with pytest.raises(ForbiddenError):
            await attempt
    elsewhere = await a_webhook(scene, admin)
    for attempt in (
        desk.list_deliveries(stranger, wanted, ALL),
        desk.redeliver(stranger, hook.id, delivery.id),
        desk.redeliver(admin, elsewhere.id, delivery.id),
        desk.redeliver(admin, hook.id, new_id()),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_what_has_arrived_is_sent_again_under_the_same_id(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    delivery = await the_delivery(scene, admin, hook)
    await send_all(scene, admin)
    scene.clock.advance(10)
    await send_all(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.DELIVERED
    again = await scene.desk.integrations.redeliver(admin, hook.id, delivery.id)
    assert (again.status, again.attempts) == (DeliveryStatus.PENDING, 2)
    assert (again.delivered_at, again.next_attempt_at) == (None, scene.clock.now())
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.DELIVERED, 3)
    assert sent(scene) == [str(delivery.id)] * 3
    [event] = await scene.audited(admin, "integration.redelivered")
    assert (event.target_id, event.data) == (hook.id, {"delivery_id": str(delivery.id)})


async def test_what_waits_for_its_next_attempt_is_sent_at_once_and_as_patiently_as_before(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    await send_all(scene, admin)
    waiting = await the_delivery(scene, admin, hook)
    before = await stored(scene, admin, waiting)
    again = await scene.desk.integrations.redeliver(admin, hook.id, waiting.id)
    assert (again.status, again.next_attempt_at) == (DeliveryStatus.PENDING, scene.clock.now())
    after = await stored(scene, admin, waiting)
    assert (before.tries, after.tries) == (1, 0)
    assert after.task_id == before.task_id
    await send_all(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.DELIVERED


async def test_what_is_being_sent_is_not_sent_twice(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    delivery = await the_delivery(scene, admin, hook)
    task = (await stored(scene, admin, delivery)).task_id
    scene.clock.advance(1)
    gate = Gate()
    scene.storage.at_commit.extend([nothing, gate])
    async with scene.fakes.memory.transaction(admin) as tx:
        found = await tx.tasks.get(task)
    doing = asyncio.create_task(do(scene.desk.task_desk, found))
    await gate.wait()
    await scene.desk.integrations.redeliver(admin, hook.id, delivery.id)
    gate.open()
    await doing
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.PENDING, 1)
    assert sent(scene) == [str(delivery.id)]


async def test_what_was_given_up_is_sent_again_even_if_its_task_is_forgotten(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    delivery = await the_delivery(scene, admin, hook)
    async with scene.fakes.memory.transaction(admin) as tx:
        kept = await tx.deliveries.get(delivery.id)
        lost = changed(kept, status=DeliveryStatus.FAILED, task_id=new_id(), next_attempt_at=None)
        await tx.deliveries.update(lost)
    # The task that it had knows that it is somebody else's now.
    await send_all(scene, admin)
    assert sent(scene) == []
    await scene.desk.integrations.redeliver(admin, hook.id, delivery.id)
    await send_all(scene, admin)
    assert sent(scene) == [str(delivery.id)]


async def test_a_task_that_lost_its_delivery_does_not_give_it_up(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    delivery = await the_delivery(scene, admin, hook)
    async with scene.fakes.memory.transaction(admin) as tx:
        kept = await tx.deliveries.get(delivery.id)
        old = await tx.tasks.get(kept.task_id)
        await tx.deliveries.update(changed(kept, task_id=new_id()))
        await scene.desk.task_desk.types["webhook_delivery"].give_up(tx, old)
        assert (await tx.deliveries.get(delivery.id)).status is DeliveryStatus.PENDING


async def test_a_webhook_that_is_switched_off_is_sent_nothing_again(
    scene: Scene, admin: Member, hook: Integration
) -> None:
    delivery = await the_delivery(scene, admin, hook)
    desk = scene.desk.integrations
    await desk.change(admin, hook.id, IntegrationChange(is_active=False))
    with pytest.raises(ConflictError, match="switched off"):
        await desk.redeliver(admin, hook.id, delivery.id)
    await send_all(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.FAILED
    await desk.change(admin, hook.id, IntegrationChange(is_active=True))
    await desk.redeliver(admin, hook.id, delivery.id)
    await send_all(scene, admin)
    assert sent(scene) == [str(delivery.id)]
