"""Conversations that change hands, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from hexdesk.core.testing import saying
from tests.e2e.http.house import Company, created, problem
from tests.e2e.http.test_streams import STREAM, Event, events_in

Take = Callable[[], Awaitable[object]]


@pytest.fixture
async def thread_id(company: Company) -> str:
    """Return a conversation."""
    return (await created(company.admin, "/chat/threads"))["id"]


async def change(
    client: httpx2.AsyncClient, thread_id: str, verb: str, **body: Any
) -> httpx2.Response:
    return await client.post(f"/api/v1/chat/threads/{thread_id}/{verb}", json=body or None)


async def taken(client: httpx2.AsyncClient, thread_id: str) -> dict[str, Any]:
    answer = await change(client, thread_id, "handoff")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def say(
    client: httpx2.AsyncClient, thread_id: str, *, key: str | None = None
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    path = f"/api/v1/chat/threads/{thread_id}/messages"
    return await client.post(path, json={"content": "Hello?"}, headers=headers)


async def stream(
    client: httpx2.AsyncClient, thread_id: str, **headers: str
) -> tuple[list[Event], httpx2.Response]:
    path = f"/api/v1/chat/threads/{thread_id}/messages"
    answer = await client.post(
        path, json={"content": "Hello?"}, headers={"Accept": STREAM, **headers}
    )
    assert answer.status_code == 200, answer.text
    return events_in(answer.text), answer


async def said(client: httpx2.AsyncClient, thread_id: str) -> list[tuple[str, str]]:
    data = (await client.get(f"/api/v1/chat/threads/{thread_id}/messages")).json()["data"]
    return [(one["role"], one["content"]) for one in data]


async def test_in_between_a_person_has_the_conversation(company: Company, thread_id: str):
    admin = company.admin
    thread = await taken(admin, thread_id)
    assert (thread["status"], thread["held_by_id"]) == ("human", None)
    answer = await say(admin, thread_id)
    assert answer.status_code == 201
    assert answer.json()["message"] is None
    assert answer.json()["user_message"]["content"] == "Hello?"
    reply = await change(admin, thread_id, "reply", content="I am Ada.")
    assert reply.status_code == 201
    message = reply.json()
    user_id = company.tokens["user"]["id"]
    assert (message["role"], message["user_id"], message["run_id"]) == (
        "human_agent",
        user_id,
        None,
    )
    held = (await admin.get(f"/api/v1/chat/threads/{thread_id}")).json()
    assert held["held_by_id"] == user_id
    back = (await change(admin, thread_id, "resume", reason="settled")).json()
    assert (back["status"], back["held_by_id"]) == ("active", None)
    assert await said(admin, thread_id) == [("user", "Hello?"), ("human_agent", "I am Ada.")]
    assert company.house.runner.requests == []
    company.house.runner.scripts.append(saying("Welcome back."))
    assert (await say(admin, thread_id)).json()["message"]["content"] == "Welcome back."
    (request,) = company.house.runner.requests
    assert [turn.content for turn in request.history][-1].endswith("I am Ada.")


async def test_meanwhile_a_stream_has_a_beginning_and_an_end(company: Company, thread_id: str):
    await taken(company.admin, thread_id)
    events, _ = await stream(company.admin, thread_id)
    assert [event.type for event in events] == ["run.started", "run.completed"]
    assert events[-1].data["message"] is None
    run_id = events[0].data["run_id"]
    again = await company.admin.get(f"/api/v1/chat/threads/{thread_id}/runs/{run_id}/events")
    assert events_in(again.text) == events


async def test_meanwhile_a_repeated_message_is_one_message(company: Company, thread_id: str):
    await taken(company.admin, thread_id)
    first, again = [await say(company.admin, thread_id, key="k") for _ in range(2)]
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    replayed, answer = await stream(company.admin, thread_id, **{"Idempotency-Key": "k"})
    assert answer.headers["idempotent-replayed"] == "true"
    assert replayed[-1].data["user_message"] == first.json()["user_message"]
    assert len(await said(company.admin, thread_id)) == 1


async def test_only_whoever_holds_it_replies(company: Company):
    admin, user = company.admin, await company.user()
    thread_id = (await created(user, "/chat/threads"))["id"]
    problem(await change(user, thread_id, "reply", content="Hi"), 409, "conflict")
    await taken(user, thread_id)
    assert (await change(user, thread_id, "reply", content="Hi")).status_code == 201
    told = problem(await change(admin, thread_id, "reply", content="Hi"), 409, "conflict")
    assert "a colleague holds" in told["detail"]
    problem(await admin.patch(f"/api/v1/chat/threads/{thread_id}", json={"status": "active"}), 409,
            "conflict")  # fmt: skip


@pytest.mark.parametrize("body", [{}, {"content": " "}, {"content": "x", "role": "assistant"}])
async def test_a_reply_has_rules(company: Company, thread_id: str, body: dict[str, Any]):
    await taken(company.admin, thread_id)
    path = f"/api/v1/chat/threads/{thread_id}/reply"
    problem(await company.admin.post(path, json=body), 422, "invalid")


async def at_the_end_of_a_run(company: Company, thread_id: str) -> None:
    async def take() -> None:
        await taken(company.admin, thread_id)

    script = (*saying("Too")[:1], take, *saying(" late."))
    company.house.runner.scripts.append(script)


async def test_a_run_that_was_thinking_ends_without_a_word(company: Company, thread_id: str):
    await at_the_end_of_a_run(company, thread_id)
    answer = await say(company.admin, thread_id, key="k")
    assert (answer.status_code, answer.json()["message"]) == (201, None)
    assert await said(company.admin, thread_id) == [("user", "Hello?")]
    again = await say(company.admin, thread_id, key="k")
    assert again.json() == answer.json()


async def test_its_stream_ends_with_a_problem(company: Company, thread_id: str):
    await at_the_end_of_a_run(company, thread_id)
    events, answer = await stream(company.admin, thread_id)
    last = events[-1]
    assert last.type == "run.failed"
    assert last.data["type"].endswith("/thread-taken-over")
    assert last.data["status"] == 409
    assert last.data["request_id"] == answer.headers["x-request-id"]
    page = await company.admin.get(last.data["type"])
    assert page.status_code == 200
    assert await said(company.admin, thread_id) == [("user", "Hello?")]


async def test_of_a_handoff_and_an_answer_at_once_one_is_there(company: Company):
    for turns in range(8):
        thread_id = (await created(company.admin, "/chat/threads"))["id"]
        company.house.runner.scripts.append(saying("Hello!"))
        asking = asyncio.create_task(say(company.admin, thread_id))
        for _ in range(15 * turns):
            await asyncio.sleep(0)
        await taken(company.admin, thread_id)
        before = await said(company.admin, thread_id)
        answer = (await asking).json()
        after = await said(company.admin, thread_id)
        assert ("assistant", "Hello!") not in after or ("assistant", "Hello!") in before
        assert (answer["message"] is None) is (("assistant", "Hello!") not in after)
        company.house.runner.scripts.clear()
