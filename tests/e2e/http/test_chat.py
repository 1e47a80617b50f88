"""Conversations, and the answers in them."""

import asyncio

import httpx2
import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import Usage
from hexdesk.core.ports.agents import AnswerFinished, TextDelta, ToolFinished, ToolStarted
from hexdesk.core.testing import ScriptedRunner, saying
from hexdesk.core.testing.examples import new_id
from tests.e2e.http.house import SETTINGS, Company, House, a_house, created, problem


async def test_a_thread_belongs_to_its_member_and_the_default_agent(company: Company):
    thread = await created(company.admin, "/chat/threads", title="Printer", metadata={"a": [1]})
    (agent,) = (await company.admin.get("/api/v1/agents")).json()["data"]
    assert thread["agent_id"] == agent["id"]
    assert thread["user_id"] == company.tokens["user"]["id"]
    assert (thread["title"], thread["metadata"]) == ("Printer", {"a": [1]})
    assert (thread["status"], thread["channel"], thread["held_by_id"]) == ("active", "api", None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"agent_id": "0198a3f0-0000-7000-8000-000000000000"}, "/agent_id"),
        ({"agent_id": "x"}, "/agent_id"),
        ({"title": " "}, "/title"),
        ({"metadata": {"x": "y" * 20_000}}, "/metadata"),
        ({"status": "closed"}, "/status"),
    ],
)
async def test_threads_have_rules(admin: httpx2.AsyncClient, body: dict[str, object], pointer: str):
    answer = await admin.post("/api/v1/chat/threads", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_a_message_to_a_closed_thread_reopens_it(house: House, admin: httpx2.AsyncClient):
    house.runner.scripts.append(saying("Hello!"))
    thread = await created(admin, "/chat/threads")
    path = f"/api/v1/chat/threads/{thread['id']}"
    assert (await admin.patch(path, json={"status": "closed"})).json()["status"] == "closed"
    await created(admin, f"/chat/threads/{thread['id']}/messages", content="Hi")
    assert (await admin.get(path)).json()["status"] == "active"
    assert (await admin.delete(path)).status_code == 204
    problem(await admin.get(f"{path}/messages"), 404, "not-found")


async def test_an_answer_tells_what_was_written_and_how(company: Company):
    company.house.runner.scripts.append(
        (
            ToolStarted(call_id="c1", name="create_ticket", arguments={"title": "x"}),
            ToolFinished(
                call_id="c1", name="create_ticket", status=ToolUseStatus.OK, duration_ms=3
            ),
            TextDelta("Done."),
            AnswerFinished(
                model="openai:gpt", usage=Usage(input_tokens=7, output_tokens=2, requests=2)
            ),
        )
    )
    thread = await created(company.admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    answer = await created(company.admin, path, content="Open a ticket")
    assert answer.keys() == {
        "thread_id",
        "run_id",
        "user_message",
        "message",
        "tools_used",
        "response_time_ms",
        "degraded",
        "degraded_reason",
        "stored",
        "model",
        "usage",
        "approvals",
    }
    assert (answer["model"], answer["stored"], answer["degraded"]) == ("openai:gpt", True, False)
    assert answer["usage"] == {"input_tokens": 7, "output_tokens": 2, "requests": 2}
    assert [(one["name"], one["status"]) for one in answer["tools_used"]] == [
        ("create_ticket", "ok")
    ]
    messages = (await company.admin.get(f"/api/v1{path}")).json()["data"]
    assert messages == [answer["user_message"], answer["message"]]
    assert [one["role"] for one in messages] == ["user", "assistant"]
    assert messages[0]["user_id"] == company.tokens["user"]["id"]


async def test_an_answer_that_fails_is_a_degraded_201(house: House, admin: httpx2.AsyncClient):
    async def broken() -> None:
        raise RuntimeError("the model is gone")

    house.runner.scripts.append((broken,))
    thread = await created(admin, "/chat/threads")
    answer = await created(admin, f"/chat/threads/{thread['id']}/messages", content="Hi")
    assert (answer["degraded"], answer["degraded_reason"]) == (True, "model_unavailable")
    assert "temporarily unavailable" in answer["message"]["content"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/content"),
        ({"content": ""}, "/content"),
        ({"content": " \n"}, "/content"),
        ({"content": "x" * 32_001}, "/content"),
        ({"content": "x", "attachments": [str(new_id())]}, "/attachments/0"),
        ({"content": "x", "attachments": ["no id"]}, "/attachments/0"),
        ({"content": "x", "attachments": [str(new_id())] * 21}, "/attachments"),
        ({"content": "x", "role": "assistant"}, "/role"),
    ],
)
async def test_messages_have_rules(
    admin: httpx2.AsyncClient, body: dict[str, object], pointer: str
):
    thread = await created(admin, "/chat/threads")
    answer = await admin.post(f"/api/v1/chat/threads/{thread['id']}/messages", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_a_thread_that_stays_busy_is_409_with_a_time_to_come_back():
    at_work, goes_on = asyncio.Event(), asyncio.Event()

    async def begins() -> None:
        at_work.set()

    settings = replace(SETTINGS, thread_wait_seconds=0.05)
    runner = ScriptedRunner((begins, goes_on.wait, *saying("Hello!")))
    async with a_house(runner=runner, settings=settings) as house:
        company = await house.company()
        thread = await created(company.admin, "/chat/threads")
        path = f"/api/v1/chat/threads/{thread['id']}/messages"
        first = asyncio.create_task(company.admin.post(path, json={"content": "one"}))
        async with asyncio.timeout(5):
            await at_work.wait()
        busy = await company.admin.post(path, json={"content": "two"})
        problem(busy, 409, "busy")
        assert busy.headers["retry-after"]
        goes_on.set()
        assert (await first).status_code == 201
        messages = (await company.admin.get(path)).json()["data"]
        assert [one["content"] for one in messages] == ["one", "Hello!"]
        await company.close()


async def test_an_instance_with_too_many_runs_is_503():
    async with a_house(settings=replace(SETTINGS, most_runs=0)) as house:
        company = await house.company()
        thread = await created(company.admin, "/chat/threads")
        path = f"/api/v1/chat/threads/{thread['id']}/messages"
        answer = await company.admin.post(path, json={"content": "Hi"})
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        assert (await company.admin.get(path)).json()["total"] == 0
        await company.close()


async def test_a_members_threads_are_its_own_and_an_admins_are_all(company: Company):
    user = await company.user()
    mine = await created(user, "/chat/threads")
    theirs = await created(company.admin, "/chat/threads")
    seen = (await user.get("/api/v1/chat/threads")).json()["data"]
    assert [one["id"] for one in seen] == [mine["id"]]
    seen = (await company.admin.get("/api/v1/chat/threads")).json()["data"]
    assert {one["id"] for one in seen} == {mine["id"], theirs["id"]}
