"""Events reach their webhooks: once for each id, signed, whatever breaks in between."""

import asyncio
import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.e2e.resilience.client import Member
from tests.e2e.resilience.processes import Hexdesk
from tests.e2e.webhooks.receiver import (
    PATIENCE_SECONDS,
    Receiver,
    data_of,
    id_of,
    listening,
    type_of,
)
from tests.integration.local_server import Heard, response

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
LOOK_AGAIN_SECONDS = 0.05


async def connected(admin: Member, receiver: Receiver, *events: str, **config: Any) -> str:
    """Connect a webhook, and return its path in the API."""
    config = {"url": receiver.url, "secret": SECRET, "events": list(events), **config}
    wish = {"type": "webhook", "name": "Hook", "config": config}
    answer = await admin.call("POST", "/integrations", wish)
    assert answer.status == 201, answer.body
    return f"/integrations/{answer.body['id']}"


async def ticket(admin: Member, title: str = "Login fails") -> dict[str, Any]:
    answer = await admin.call("POST", "/tickets", {"title": title})
    assert answer.status == 201, answer.body
    return answer.body


async def delivery(admin: Member, hook: str, status: str, attempts: int = 1) -> dict[str, Any]:
    """Wait until the one delivery to a webhook is like this, and return it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            [one] = (await admin.get(f"{hook}/deliveries"))["data"]
            if one["status"] == status and one["attempts"] >= attempts:
                return one
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def redeliver(admin: Member, hook: str, delivery_id: str) -> dict[str, Any]:
    answer = await admin.call("POST", f"{hook}/deliveries/{delivery_id}/redeliver")
    assert answer.status == 200, answer.body
    return answer.body


def verified(heard: Heard, secret: str = SECRET) -> Any:
    """Return the event after the standard's own library has looked at its signature."""
    return Webhook(secret).verify(heard.body, heard.headers)


async def test_what_happens_arrives_signed_and_once_for_each_id(
    admin: Member, receiver: Receiver
) -> None:
    hook = await connected(admin, receiver)
    made = await ticket(admin)
    path = f"/tickets/{made['id']}"
    await admin.call("POST", f"{path}/comments", {"body": "Psst.", "internal": True})
    said = await admin.call("POST", f"{path}/comments", {"body": "Looking into it."})
    moved = await admin.call("PATCH", f"{path}/status", {"status": "in_progress"})
    thread = await admin.thread()
    talk = await admin.say(thread, "list open tickets")
    events = [verified(heard) for heard in await receiver.events(6)]
    assert sorted((event["type"], event["data"]["id"]) for event in events) == sorted(
        [
            ("ticket.created", made["id"]),
            ("ticket.commented", said.body["id"]),
            ("ticket.status_changed", made["id"]),
            ("thread.created", thread),
            ("thread.message", talk.body["user_message"]["id"]),
            ("thread.message", talk.body["message"]["id"]),
        ]
    )
    by_type = {event["type"]: event["data"] for event in events}
    assert by_type["ticket.created"] == made
    assert by_type["ticket.status_changed"] == moved.body
    heard = receiver.server.heard
    assert len({id_of(one) for one in heard}) == len(heard) == 6
    shown = await admin.get(hook)
    assert (shown["status"], shown["last_error"]) == ("ok", None)


async def test_an_agents_deed_is_told_too(admin: Member, receiver: Receiver) -> None:
    await connected(admin, receiver, "ticket.created")
    talk = await admin.say(await admin.thread(), "create a ticket: the printer smokes")
    [use] = talk.body["tools_used"]
    assert (use["name"], use["status"]) == ("create_ticket", "ok")
    told = verified(await receiver.next())
    assert (told["type"], told["data"]["source"]) == ("ticket.created", "agent")


async def test_a_refused_event_comes_again_with_the_same_id_and_a_new_signature(
    admin: Member, receiver: Receiver
) -> None:
    receiver.answers += [response(500, b"a secret of the receiver")]
    hook = await connected(admin, receiver)
    await ticket(admin)
    first, second = await receiver.events(2)
    assert id_of(first) == id_of(second)
    assert first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    for heard in (first, second):
        verified(heard)
    done = await delivery(admin, hook, "delivered", 2)
    assert [one["status_code"] for one in done["attempt_log"]] == [500, 200]
    assert "a secret of the receiver" not in str(done)


async def test_a_receiver_that_was_down_gets_it_when_it_is_up(admin: Member) -> None:
    async with listening() as server:
        receiver = Receiver(server=server)
    hook = await connected(admin, receiver)
    await ticket(admin)
    waiting = await delivery(admin, hook, "pending")
    assert "cannot reach" in waiting["last_error"]
    assert waiting["attempt_log"][0]["is_unknown"] is False
    async with listening(receiver.server.port) as server:
        back = Receiver(server=server, path=receiver.path)
        assert id_of(await back.next()) == waiting["id"]
        await delivery(admin, hook, "delivered", 2)


async def test_what_may_have_arrived_is_sent_again(admin: Member, receiver: Receiver) -> None:
    receiver.answers += [b"no answer in HTTP\r\n\r\n"]
    hook = await connected(admin, receiver)
    await ticket(admin)
    first, second = await receiver.events(2)
    assert id_of(first) == id_of(second)
    done = await delivery(admin, hook, "delivered", 2)
    assert [one["is_unknown"] for one in done["attempt_log"]] == [True, False]


async def test_what_has_arrived_is_sent_again_by_hand(admin: Member, receiver: Receiver) -> None:
    hook = await connected(admin, receiver)
    await ticket(admin)
    first = await receiver.next()
    await delivery(admin, hook, "delivered")
    again = await redeliver(admin, hook, id_of(first))
    assert (again["id"], again["status"]) == (id_of(first), "pending")
    second = await receiver.next()
    assert (id_of(second), second.body) == (id_of(first), first.body)
    done = await delivery(admin, hook, "delivered", 2)
    assert done["delivered_at"]


async def test_a_new_secret_signs_the_next_attempt(admin: Member, receiver: Receiver) -> None:
    receiver.answers += [response(503, headers={"retry-after": "600"})]
    hook = await connected(admin, receiver)
    await ticket(admin)
    verified(await receiver.next(), SECRET)
    waiting = await delivery(admin, hook, "pending")
    config = {"url": receiver.url, "secret": OTHER}
    assert (await admin.call("PATCH", hook, {"config": config})).status == 200
    await redeliver(admin, hook, waiting["id"])
    second = await receiver.next()
    verified(second, OTHER)
    with pytest.raises(WebhookVerificationError):
        verified(second, SECRET)


async def test_a_receiver_that_is_gone_is_switched_off(admin: Member, receiver: Receiver) -> None:
    receiver.answers += [response(410)]
    hook = await connected(admin, receiver)
    await ticket(admin)
    await delivery(admin, hook, "failed")
    assert (await admin.get(hook))["is_active"] is False


async def test_nothing_reaches_who_is_switched_off_or_somebody_else(
    desk: Hexdesk, admin: Member, receiver: Receiver
) -> None:
    off, theirs = Receiver(server=receiver.server), Receiver(server=receiver.server)
    hook = await connected(admin, off)
    assert (await admin.call("PATCH", hook, {"is_active": False})).status == 200
    rival = await Member.register(admin.http, desk.url)
    await connected(rival, theirs)
    await connected(admin, receiver)
    mine = await ticket(admin)
    assert data_of(await receiver.next())["id"] == mine["id"]
    # What they are told last would have come after what they should never be told.
    other = await ticket(rival, "Theirs")
    assert data_of(await theirs.next())["id"] == other["id"]
    assert (receiver.heard.qsize(), off.heard.qsize(), theirs.heard.qsize()) == (0, 0, 0)


async def test_a_test_is_signed(admin: Member, receiver: Receiver) -> None:
    hook = await connected(admin, receiver, secret="any other text")
    answer = await admin.call("POST", f"{hook}/test")
    assert answer.body["ok"] is True
    heard = await receiver.next()
    assert type_of(heard) == "hexdesk.test"
    Webhook(b"any other text").verify(heard.body, heard.headers)


async def test_whoever_is_killed_while_it_sends_sends_again_under_the_same_id(
    desk: Hexdesk, admin: Member, receiver: Receiver
) -> None:
    receiver.answers += [None]
    hook = await connected(admin, receiver)
    await ticket(admin)
    first = await receiver.next()
    desk.kill()
    started = time.monotonic()
    await desk.start()
    second = await receiver.next()
    assert id_of(second) == id_of(first)
    assert time.monotonic() - started < PATIENCE_SECONDS
    done = await delivery(admin.at(desk.url), hook, "delivered", 2)
    assert [one["is_unknown"] for one in done["attempt_log"]] == [True, False]
