"""Customers write by a channel, and are answered there, once, whatever breaks in between."""

import asyncio
from uuid import UUID

import httpx2
import pytest

from tests.e2e.channels.correspondence import Correspondent, a_message, told
from tests.e2e.resilience.client import Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk
from tests.e2e.webhooks.receiver import Receiver, listening
from tests.integration.local_server import response
from tests.openai_server import Behaviour, ChatRequest, Reply

NOBODY = {"external_id": "ann", "email": "ann@example.com"}


def answering(text: str) -> Behaviour:
    return lambda _: Reply(text=text)


async def test_a_customer_writes_and_is_answered_in_the_same_conversation(
    channel: Correspondent, model: Model
) -> None:
    model.when("Where is my parcel?", answering("It has shipped."))
    model.when("And when will it come?", answering("Tomorrow."))
    assert (await channel.says("Where is my parcel?")).status_code == 200
    first = await channel.heard()
    assert (first["text"], first["conversation"], first["kind"]) == (
        "It has shipped.",
        "order-1",
        "answer",
    )
    await channel.says("And when will it come?")
    assert (await channel.heard())["text"] == "Tomorrow."
    [thread] = await channel.threads()
    assert thread["channel"] == "webhook_channel"
    assert await channel.contents(thread) == [
        "Where is my parcel?",
        "It has shipped.",
        "And when will it come?",
        "Tomorrow.",
    ]
    [asked] = model.requests("And when will it come?")
    assert "It has shipped." in str(asked.messages)


async def test_the_same_message_however_often_is_answered_once(
    channel: Correspondent, model: Model
) -> None:
    model.when("Only once!", answering("Once."))
    message = a_message("Only once!")
    answers = await asyncio.gather(*(channel.posts(message) for _ in range(10)))
    assert {one.status_code for one in answers} == {200}
    assert (await channel.heard())["text"] == "Once."
    assert (await channel.posts(message)).status_code == 200
    await channel.delivered("delivered")
    [thread] = await channel.threads()
    assert await channel.contents(thread) == ["Only once!", "Once."]
    assert len(model.requests("Only once!")) == 1
    assert channel.receiver.heard.empty()


async def test_many_messages_at_once_are_all_answered_in_one_conversation(
    channel: Correspondent, model: Model
) -> None:
    texts = [f"Question {number}" for number in range(5)]
    for text in texts:
        model.when(text, answering(f"Answer to {text}"))
    for text in texts:
        await channel.says(text)
    heard = [(await channel.heard())["text"] for _ in texts]
    assert heard == [f"Answer to {text}" for text in texts]
    [thread] = await channel.threads()
    said = await channel.contents(thread)
    assert [one for one in said if one in texts] == texts


async def test_an_answer_to_what_has_not_come_yet_begins_the_conversation(
    channel: Correspondent, model: Model
) -> None:
    for text in ("Later.", "Sooner."):
        model.when(text, answering(f"To {text}"))
    earlier = a_message("Sooner.")
    await channel.says("Later.", replies_to=[earlier["message_id"]])
    await channel.heard()
    await channel.posts(earlier)
    await channel.heard()
    [thread] = await channel.threads()
    assert await channel.contents(thread) == ["Later.", "To Later.", "Sooner.", "To Sooner."]


async def test_a_process_that_is_killed_while_the_model_thinks_loses_no_answer(
    channel: Correspondent, model: Model, desk: Hexdesk
) -> None:
    model.when("Think hard.", model.held(answering("I thought.")))
    await channel.says("Think hard.")
    await model.asked("Think hard.")
    desk.kill()
    model.resume()
    await desk.start()
    assert (await channel.heard())["text"] == "I thought."
    await channel.delivered("delivered")
    [thread] = await channel.threads()
    assert await channel.contents(thread) == ["Think hard.", "I thought."]
    assert channel.receiver.heard.empty()


async def test_a_process_that_is_killed_at_once_forgets_no_message(
    channel: Correspondent, model: Model, desk: Hexdesk
) -> None:
    model.when("Remember me.", answering("I do."))
    assert (await channel.says("Remember me.")).status_code == 200
    desk.kill()
    await desk.start()
    assert (await channel.heard())["text"] == "I do."
    await channel.delivered("delivered")
    [thread] = await channel.threads()
    assert (await channel.contents(thread)).count("Remember me.") == 1


async def test_a_process_that_is_killed_while_it_sends_repeats_under_the_same_key(
    channel: Correspondent, model: Model, desk: Hexdesk
) -> None:
    model.when("Send it.", answering("Here it is."))
    channel.receiver.answers.append(None)
    await channel.says("Send it.")
    first = await channel.heard()
    desk.kill()
    await desk.start()
    # This receiver dedupes by the key: that is what its channel says of it.
    again = await channel.heard()
    assert again["id"] == first["id"]
    await channel.delivered("delivered")


async def test_where_nobody_can_tell_whether_it_arrived_it_is_shown_and_not_sent_again(
    admin: Member, receiver: Receiver, model: Model, desk: Hexdesk
) -> None:
    forgetful = await Correspondent.connect(admin, receiver, "forgetful")
    model.when("Send it once.", answering("Here it is."))
    receiver.answers.append(None)
    await forgetful.says("Send it once.")
    await forgetful.heard()
    desk.kill()
    await desk.start()
    [one] = await forgetful.delivered("delivery_unknown")
    assert "ended before" in one["last_error"]
    model.when("And now?", answering("Still here."))
    await forgetful.says("And now?")
    assert (await forgetful.heard())["text"] == "Still here."
    assert receiver.heard.empty()


async def test_a_receiver_that_is_down_gets_it_all_in_order_when_it_is_back(
    admin: Member, model: Model
) -> None:
    for text in ("One?", "Two?"):
        model.when(text, answering(f"To {text}"))
    async with listening() as server:
        receiver = Receiver(server=server)
    channel = await Correspondent.connect(admin, receiver)
    await channel.says("One?")
    await channel.says("Two?")
    await channel.tried()
    async with listening(server.port) as back:
        again = Receiver(server=back, path=receiver.path)
        heard = [told(await again.next())["text"] for _ in range(2)]
    assert heard == ["To One?", "To Two?"]


async def test_an_address_that_wants_nothing_is_a_failure_that_says_why(
    channel: Correspondent, model: Model
) -> None:
    model.when("Hello?", answering("Hello."))
    channel.receiver.answers.append(response(410))
    await channel.says("Hello?")
    [one] = await channel.delivered("failed")
    assert one["last_error"] == "the address answered 410"


async def test_a_person_answers_from_the_desk_into_the_channel(
    channel: Correspondent, model: Model
) -> None:
    model.when("I want a person.", answering("One moment."))
    await channel.says("I want a person.")
    await channel.heard()
    [thread] = await channel.threads()
    path = f"/chat/threads/{thread['id']}"
    await channel.admin.call("POST", f"{path}/handoff")
    await channel.says("Are you a person?")
    reply = await channel.admin.call("POST", f"{path}/reply", {"content": "I am Ada."})
    assert reply.status == 201, reply.body
    heard = await channel.heard()
    assert (heard["text"], heard["kind"], heard["conversation"]) == (
        "I am Ada.",
        "reply",
        "order-1",
    )
    assert model.requests("Are you a person?") == []


async def test_whoever_proves_nothing_sees_nothing_of_what_was_said_before(
    channel: Correspondent, model: Model
) -> None:
    def tools_of(request: ChatRequest) -> Reply:
        return Reply(text=",".join(sorted(request.tool_names)))

    model.when("My secret is 42.", answering("I keep it."))
    model.when("What is my secret?", tools_of)
    await channel.says("My secret is 42.")
    kept = await channel.heard()
    await channel.says("What is my secret?", sender=NOBODY, replies_to=[kept["id"]])
    assert (await channel.heard())["text"] in {"", "create_ticket"}
    [asked] = model.requests("What is my secret?")
    assert "42" not in str(asked.messages)
    first, second = await channel.threads()
    assert first["id"] != second["id"]
    [ticket] = (await channel.admin.get("/tickets"))["data"]
    assert (ticket["source"], ticket["thread_id"], ticket["tags"]) == (
        "webhook_channel",
        second["id"],
        ["unverified"],
    )
    assert ticket["requester_email"] is None


async def test_a_connection_is_nobody_elses(
    channel: Correspondent, http: httpx2.AsyncClient, desk: Hexdesk
) -> None:
    stranger = await Member.register(http, desk.url)
    for method, path in (
        ("GET", f"/integrations/{channel.integration_id}"),
        ("GET", f"/integrations/{channel.integration_id}/deliveries"),
        ("POST", f"/integrations/{channel.integration_id}/test"),
    ):
        assert (await stranger.call(method, path)).status == 404
    theirs = await Correspondent.connect(stranger, channel.receiver)
    # What is signed for one connection opens no other.
    answer = await theirs.posts(a_message("Hello?"), secret="another secret of some length")
    assert answer.status_code == 401
    assert await channel.threads() == []


async def test_a_connection_is_tried_from_the_desk(channel: Correspondent) -> None:
    path = f"/integrations/{channel.integration_id}/test"
    answer = await channel.admin.call("POST", path)
    assert (answer.body["ok"], answer.body["detail"]) == (True, "the address answered 200")
    channel.receiver.answers.append(response(404))
    answer = await channel.admin.call("POST", path)
    assert (answer.body["ok"], answer.body["detail"]) == (False, "the address answered 404")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/channels/nothing", b"{}", 404),
        ("/channels/webhook_channel", b"{}", 404),
        (f"/channels/webhook_channel/{UUID(int=0)}", b"{}", 404),
        ("/channels/webhook_channel/no-id", b"{}", 404),
        ("own", b"", 401),
        ("own", b"\xff\x00" * 1000, 401),
        ("own", b"[" * 100_000, 401),
    ],
)
async def test_what_a_stranger_sends_is_refused_and_no_error(
    channel: Correspondent, path: str, body: bytes, status: int
) -> None:
    target = channel.path if path == "own" else path
    url = f"{channel.admin.url}/api/v1{target}"
    headers = {b"x-signature": "é".encode("latin-1"), b"content-type": b"text/nonsense"}
    answer = await channel.admin.http.post(url, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
