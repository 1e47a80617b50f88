"""Sending events to webhooks: signed anew each time, and not for ever."""

import asyncio
import base64
import hmac
from datetime import timedelta

import msgspec
import pytest

from hexdesk.core.errors import DeskError, OutcomeUnknownError, UnavailableError
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.webhooks import DeliveryStatus
from hexdesk.core.policy.deliveries import MOST_ATTEMPTS
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.use_cases.integrations import IntegrationChange
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import do
from tests.unit.core.webhooks import (
    URL,
    a_told_webhook,
    answer,
    deliveries,
    nothing,
    send_all,
    stored,
    the_delivery,
    the_task,
    until_next,
)

LOST_ANSWER = OutcomeUnknownError("'example.com' did not answer within 15 seconds")


async def test_an_event_is_sent_and_has_arrived() -> None:
    scene, admin, hook = await a_told_webhook(answer(204))
    before = await the_delivery(scene, admin, hook)
    assert before.status is DeliveryStatus.PENDING
    assert before.next_attempt_at == scene.clock.now()
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts, after.last_status_code) == ("delivered", 1, 204)
    assert (after.next_attempt_at, after.last_error) == (None, None)
    assert after.delivered_at == scene.clock.now()
    [posted] = scene.fakes.egress.posted
    assert (posted.url, posted.body) == (URL, (await stored(scene, admin, after)).payload)
    assert posted.headers["webhook-id"] == str(after.id)
    assert "webhook-signature" not in posted.headers
    terms = posted.terms
    assert (terms.seconds, terms.answer_bytes, terms.follows_redirects) == (15, 0, False)
    task = await the_task(scene, admin)
    assert (task.status, task.result) == (TaskStatus.SUCCEEDED, {"status_code": 204})


async def test_each_attempt_is_signed_anew_under_the_same_id() -> None:
    scene, admin, hook = await a_told_webhook(answer(500), answer(200), secret="s3cr3t")
    await send_all(scene, admin)
    await until_next(scene, await the_delivery(scene, admin, hook))
    await send_all(scene, admin)
    first, second = scene.fakes.egress.posted
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    for posted in (first, second):
        headers = posted.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + posted.body
        digest = hmac.digest(b"s3cr3t", signed, "sha256")
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize(
    ("trouble", "code", "error", "is_unknown"),
    [
        (answer(500), 500, "the address answered 500", False),
        (answer(404), 404, "the address answered 404", False),
        (answer(302, location="/"), 302, "the address answered 302", False),
        (UnavailableError("cannot reach it"), None, "cannot reach it", False),
        (LOST_ANSWER, None, str(LOST_ANSWER), True),
    ],
)
async def test_whatever_is_no_success_is_tried_again_and_written_down(
    trouble: EgressAnswer | DeskError, code: int | None, error: str, *, is_unknown: bool
) -> None:
    scene, admin, hook = await a_told_webhook(trouble)
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.PENDING, 1)
    assert (after.last_status_code, after.last_error) == (code, error)
    [logged] = after.attempt_log
    assert (logged.status_code, logged.error, logged.is_unknown) == (code, error, is_unknown)
    assert after.next_attempt_at is not None
    assert timedelta(seconds=2) < after.next_attempt_at - scene.clock.now() <= timedelta(seconds=5)
    task = await the_task(scene, admin)
    assert (task.status, task.ready_at) == (TaskStatus.QUEUED, after.next_attempt_at)
    shown = await scene.desk.integrations.get(admin, hook.id)
    assert (shown.status, shown.last_error) == (IntegrationStatus.ERROR, error)
    await until_next(scene, after)
    await send_all(scene, admin)
    assert (await the_delivery(scene, admin, hook)).status is DeliveryStatus.DELIVERED
    shown = await scene.desk.integrations.get(admin, hook.id)
    assert (shown.status, shown.last_error) == (IntegrationStatus.OK, None)


async def test_an_address_that_may_no_longer_be_called_is_not_called() -> None:
    scene, admin, hook = await a_told_webhook()
    scene.fakes.egress.refused.add(URL)
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.PENDING, 1)
    assert "may not be called from here" in (after.last_error or "")
    assert scene.fakes.egress.posted == []


async def test_a_receiver_that_asks_for_a_pause_gets_it() -> None:
    scene, admin, hook = await a_told_webhook(answer(503, **{"retry-after": "120"}))
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert after.next_attempt_at == scene.clock.now() + timedelta(seconds=120)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(answer(500), DeliveryStatus.FAILED), (LOST_ANSWER, DeliveryStatus.DELIVERY_UNKNOWN)],
)
async def test_after_the_last_attempt_it_is_given_up(
    trouble: EgressAnswer | DeskError, status: DeliveryStatus
) -> None:
    scene, admin, hook = await a_told_webhook(trouble, *[answer(500)] * MOST_ATTEMPTS)
    for _ in range(MOST_ATTEMPTS - 1):
        await send_all(scene, admin)
        await until_next(scene, await the_delivery(scene, admin, hook))
    await send_all(scene, admin)
    over = await the_delivery(scene, admin, hook)
    assert (over.status, over.attempts) == (status, MOST_ATTEMPTS)
    assert (over.next_attempt_at, over.last_error) == (None, "the address answered 500")
    task = await the_task(scene, admin)
    assert (task.status, task.error) == (TaskStatus.FAILED, "the address answered 500")
    assert len(scene.fakes.egress.posted) == MOST_ATTEMPTS


async def test_a_receiver_that_is_gone_is_switched_off_and_told_nothing_more() -> None:
    scene, admin, hook = await a_told_webhook(answer(410))
    await scene.desk.tickets.create(admin, NewTicket(title="Another"))
    await send_all(scene, admin)
    shown = await scene.desk.integrations.get(admin, hook.id)
    assert (shown.is_active, shown.status) == (False, IntegrationStatus.ERROR)
    assert shown.last_error == "the address answered 410"
    gone, other = await deliveries(scene, admin, hook)
    assert (gone.status, gone.last_status_code) == (DeliveryStatus.FAILED, 410)
    assert (other.status, other.last_error) == ("failed", "the webhook is switched off")
    assert (other.attempts, other.attempt_log) == (0, ())
    assert len(scene.fakes.egress.posted) == 1
    [event] = await scene.audited(admin, "integration.gone")
    assert (event.target_id, event.actor_type) == (hook.id, "system")
    await scene.desk.tickets.create(admin, NewTicket(title="A third"))
    assert len(await deliveries(scene, admin, hook)) == 2


async def test_a_new_secret_or_address_counts_from_the_next_attempt_on() -> None:
    scene, admin, hook = await a_told_webhook(answer(500), secret="old")
    await send_all(scene, admin)
    config = {"url": f"{URL}/new", "secret": "new"}
    await scene.desk.integrations.change(admin, hook.id, IntegrationChange(config=config))
    await until_next(scene, await the_delivery(scene, admin, hook))
    await send_all(scene, admin)
    posted = scene.fakes.egress.posted[1]
    assert posted.url == f"{URL}/new"
    headers = posted.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + posted.body
    digest = base64.b64encode(hmac.digest(b"new", signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


async def test_what_was_found_out_about_an_address_that_changed_meanwhile_says_nothing() -> None:
    scene, admin, hook = await a_told_webhook(answer(410))
    change = IntegrationChange(config={"url": f"{URL}/new"})
    scene.clock.advance(1)
    # The gate stands between the look at the webhook and what is stored after the call.
    gate, task = Gate(), await the_task(scene, admin)
    scene.storage.at_commit.extend([nothing, gate])
    doing = asyncio.create_task(do(scene.desk.task_desk, task))
    await gate.wait()
    await scene.desk.integrations.change(admin, hook.id, change)
    gate.open()
    await doing
    shown = await scene.desk.integrations.get(admin, hook.id)
    assert (shown.is_active, shown.status) == (True, IntegrationStatus.UNKNOWN)
    assert (await the_delivery(scene, admin, hook)).last_status_code == 410


async def test_a_secret_that_can_no_longer_be_read_is_a_failed_attempt() -> None:
    scene, admin, hook = await a_told_webhook(secret="s3cr3t")
    async with scene.fakes.memory.transaction(admin) as tx:
        kept = await tx.integrations.get(hook.id)
        broken = {**kept.config, "secret": "sealed:" + base64.b64encode(b"lost").decode()}
        await tx.integrations.update(msgspec.structs.replace(kept, config=broken))
    await send_all(scene, admin)
    after = await the_delivery(scene, admin, hook)
    assert (after.status, after.attempts) == (DeliveryStatus.PENDING, 1)
    assert after.last_error
    assert scene.fakes.egress.posted == []


async def test_how_a_webhook_is_is_not_written_down_with_each_delivery() -> None:
    scene, admin, hook = await a_told_webhook()
    await send_all(scene, admin)
    first = (await scene.desk.integrations.get(admin, hook.id)).last_checked_at
    await scene.desk.tickets.create(admin, NewTicket(title="Another"))
    await send_all(scene, admin)
    assert (await scene.desk.integrations.get(admin, hook.id)).last_checked_at == first
    scene.clock.advance(60)
    await scene.desk.tickets.create(admin, NewTicket(title="A third"))
    await send_all(scene, admin)
    last = (await scene.desk.integrations.get(admin, hook.id)).last_checked_at
    assert last == scene.clock.now()


async def test_a_failed_delivery_is_logged_without_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene, admin, hook = await a_told_webhook(answer(500), secret="s3cr3t")
    await send_all(scene, admin)
    [record] = [one for one in caplog.records if one.name == "hexdesk.webhooks"]
    assert record.message == "webhook not delivered"
    delivery = await the_delivery(scene, admin, hook)
    assert record.__dict__["delivery_id"] == str(delivery.id)
    assert "Login fails" not in str(record.__dict__)
    assert "s3cr3t" not in str(record.__dict__)
