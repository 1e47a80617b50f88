"""People talk in Slack with a desk that runs, whatever dies in between."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.e2e.plugins.slack.running.conftest import Workspace
from tests.e2e.resilience.client import API
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk
from tests.openai_server import Behaviour, Bench, Reply
from tests.slack.sent import signed
from tests.slack.server import FILE, LOST_AFTER, limited
from tests.slack.workspace import DIRECT

POST = "chat.postMessage"


def answering(text: str) -> Behaviour:
    return lambda _: Reply(text=text)


async def contents(workspace: Workspace, thread: dict[str, Any]) -> list[str]:
    path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
    return [one["content"] for one in (await workspace.admin.get(path))["data"]]


async def test_who_mentions_the_app_is_answered_in_the_thread_and_goes_on_there(
    workspace: Workspace, model: Model
) -> None:
    model.when("Where is my parcel?", answering("It has **shipped**."))
    model.when("And when will it come?", answering("Tomorrow."))
    root = workspace.ts()
    assert (await workspace.sends(workspace.mention("Where is my parcel?", root))).is_success
    assert await workspace.answered(root) == ["It has **shipped**."]
    said = {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1"}
    next_one = {"text": "And when will it come?", "ts": workspace.ts(), "thread_ts": root}
    await workspace.sends(workspace.event(**said, **next_one))
    await workspace.until(lambda: len(workspace.answers(root)) > 1)
    assert workspace.answers(root) == ["It has **shipped**.", "Tomorrow."]
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    assert thread["channel"] == "slack"
    assert thread["metadata"]["customer"] == {
        "name": "Ann",
        "email": "ann@customer.example",
        "is_verified": True,
    }


async def test_what_slack_sends_again_since_the_desk_died_is_answered_once(
    workspace: Workspace, model: Model, desk: Hexdesk
) -> None:
    model.when("Do you hear me?", answering("I do."))
    root = workspace.ts()
    asked = workspace.mention("Do you hear me?", root)
    assert (await workspace.sends(asked)).is_success
    desk.kill()
    await desk.start()
    asked.headers["x-slack-retry-num"] = "1"
    asked.headers["x-slack-retry-reason"] = "http_timeout"
    both = (asked, workspace.message("Do you hear me?", root, channel="C1", thread_ts=root))
    for again in both * 3:
        assert (await workspace.sends(again)).is_success
    assert await workspace.answered(root) == ["I do."]
    # What comes after it is answered after it: nothing more of the first one is on its way.
    model.when("Still?", answering("Still."))
    later = workspace.ts()
    await workspace.sends(workspace.mention("Still?", later, thread_ts=root))
    await workspace.until(lambda: "Still." in workspace.answers(root))
    assert workspace.answers(root) == ["I do.", "Still."]
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    assert await contents(workspace, thread) == ["Do you hear me?", "I do.", "Still?", "Still."]


async def test_an_answer_whose_way_is_unclear_or_barred_for_a_while_arrives_once(
    workspace: Workspace, model: Model
) -> None:
    model.when("Once, please.", answering("Once."))
    workspace.server.next_time(POST, limited("1"), LOST_AFTER)
    root = workspace.ts()
    await workspace.sends(workspace.mention("Once, please.", root))
    assert await workspace.answered(root) == ["Once."]
    [integration] = (await workspace.admin.get("/integrations"))["data"]
    path = f"/integrations/{integration['id']}/deliveries"
    async with asyncio.timeout(20):
        while True:
            [delivery] = (await workspace.admin.get(path))["data"]
            if delivery["status"] != "pending":
                break
    assert delivery["status"] == "delivered"
    assert workspace.answers(root) == ["Once."]


async def test_slack_is_answered_in_time_while_the_model_keeps_everybody_waiting(
    workspace: Workspace, model: Model
) -> None:
    roots = [workspace.ts() for _ in range(20)]
    for number, root in enumerate(roots):
        model.when(f"Question {number}", answering(f"Answer to {root}"))
    model.server.pause()
    asked = [workspace.mention(f"Question {n}", root) for n, root in enumerate(roots)]
    # Each waits for three seconds at most.
    told = await asyncio.gather(*(workspace.sends(one) for one in asked))
    assert {one.status_code for one in told} == {200}
    model.resume()
    for root in roots:
        assert await workspace.answered(root) == [f"Answer to {root}"]


async def test_a_file_that_is_attached_is_read_and_stands_with_the_message(
    workspace: Workspace, model: Model
) -> None:
    model.when("Look at this.", answering("I have read it."))
    root = workspace.ts()
    file = {
        "id": "F1",
        "name": "order.txt",
        "mimetype": "text/plain",
        "size": len(FILE),
        "url_private_download": workspace.server.url("order.txt"),
    }
    asked = workspace.message(
        "Look at this.", root, subtype="file_share", channel=DIRECT, files=[file]
    )
    await workspace.sends(asked)
    assert await workspace.answered(root, DIRECT) == ["I have read it."]
    [kept] = (await workspace.admin.get("/files"))["data"]
    assert kept["filename"] == "order.txt"
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
    said = (await workspace.admin.get(path))["data"][0]
    assert said["attachments"] == [kept["id"]]
    downloaded = await workspace.admin.call("GET", f"/files/{kept['id']}/text")
    assert FILE.decode() in str(downloaded.body)


async def test_a_message_becomes_a_ticket_that_stands_below_the_answer(
    workspace: Workspace, model: Model
) -> None:
    [agent] = (await workspace.admin.get("/agents"))["data"]
    may = {"tools_enabled": ["create_ticket"], "require_approval": []}
    await workspace.admin.call("PATCH", f"/agents/{agent['id']}", may)
    wish = {"title": "Broken *kettle*"}
    model.when("My kettle broke.", Bench(tool="create_ticket", arguments=wish, text="Noted."))
    root = workspace.ts()
    await workspace.sends(workspace.mention("My kettle broke.", root))
    assert await workspace.answered(root) == ["Noted.\n\n- #1 Broken \\*kettle\\*"]
    [ticket] = await workspace.admin.tickets()
    assert ticket["requester_email"] == "ann@customer.example"
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    assert ticket["thread_id"] == thread["id"]


async def test_a_person_answers_from_the_desk_and_the_agent_says_nothing(
    workspace: Workspace, model: Model
) -> None:
    model.when("Hello?", answering("Hello."))
    root = workspace.ts()
    await workspace.sends(workspace.mention("Hello?", root))
    await workspace.answered(root)
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    path = f"/chat/threads/{thread['id']}"
    await workspace.admin.call("POST", f"{path}/handoff")
    reply = await workspace.admin.call("POST", f"{path}/reply", {"content": "I am Ada."})
    assert reply.status == 201, reply.body
    await workspace.until(lambda: len(workspace.answers(root)) > 1)
    assert workspace.answers(root) == ["Hello.", "I am Ada."]


HOSTILE = [
    signed(b'{"type": "event_callback"}', secret="guessed"),
    signed(b"\xff\xfe", at=0),
    signed(b"{" * 100_000, secret=""),
]


@pytest.mark.parametrize("request_of_a_stranger", HOSTILE)
async def test_a_strangers_request_is_refused(
    desk: Hexdesk, http: httpx2.AsyncClient, request_of_a_stranger: Any
) -> None:
    url = f"{desk.url}{API}/channels/slack"
    content, headers = request_of_a_stranger.body, request_of_a_stranger.headers
    answer = await http.post(url, content=content, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-slack-request-timestamp": "abc"},
        {"x-slack-request-timestamp": "9" * 400},
        {"x-slack-signature": "\N{SNOWMAN}".encode()},
        {"content-type": "application/x-www-form-urlencoded; charset=klingon"},
        {"content-type": "multipart/form-data"},
    ],
)
async def test_no_header_of_a_stranger_breaks_the_desk(
    desk: Hexdesk, http: httpx2.AsyncClient, headers: dict[str, Any]
) -> None:
    url = f"{desk.url}{API}/channels/slack"
    answer = await http.post(url, content=b"\xff{}", headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
