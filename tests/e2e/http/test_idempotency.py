"""Calls that come twice."""

import asyncio
from typing import Any

import httpx2
import pytest

from hexdesk.core.errors import ModelUnavailableError, UnavailableError
from hexdesk.core.model.tickets import TicketDraft
from hexdesk.core.testing import RecordingEgress, SteadyClock, saying
from tests.e2e.http.every_call import CALLS
from tests.e2e.http.house import PASSWORD, Company, House, a_house, created, problem

KEY = {"Idempotency-Key": "the key"}
STREAM = KEY | {"Accept": "text/event-stream"}
WEBHOOK = {"type": "webhook", "name": "x", "config": {"url": "https://example.com"}}


def is_replay(answer: httpx2.Response) -> bool:
    """Tell whether the answer was given before."""
    return answer.headers.get("idempotent-replayed") == "true"


async def twice(
    client: httpx2.AsyncClient, path: str, body: Any = None
) -> tuple[httpx2.Response, httpx2.Response]:
    """Make a call twice with one key; the second answer must be the first one."""
    first = await client.post(f"/api/v1{path}", json=body, headers=KEY)
    second = await client.post(f"/api/v1{path}", json=body, headers=KEY)
    assert not is_replay(first)
    assert is_replay(second)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    for name in ("content-type", "etag"):
        assert second.headers.get(name) == first.headers.get(name)
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    return first, second


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tickets", {"title": "x"}),
        ("/agents", None),
        ("/chat/threads", None),
        ("/integrations", WEBHOOK),
        ("/users", {"email": "b@example.com", "password": PASSWORD}),
    ],
)
async def test_a_repeated_call_is_carried_out_once(
    admin: httpx2.AsyncClient, path: str, body: dict[str, object] | None
):
    before = (await admin.get(f"/api/v1{path}")).json()["total"]
    first, _ = await twice(admin, path, body)
    assert first.status_code == 201
    assert (await admin.get(f"/api/v1{path}")).json()["total"] == before + 1


async def test_every_post_but_those_of_sign_in_and_keys_takes_a_key():
    posts = {call.name: call for call in CALLS if call.method == "POST"}
    with_key = {
        name
        for name, call in posts.items()
        if any(one["name"] == "Idempotency-Key" for one in call.operation["parameters"])
    }
    without = posts.keys() - with_key
    assert without == {
        "add_api_key",
        "change_password",
        # A browser's form; its code can be traded once.
        "finish_installation",
        "login",
        "logout",
        # Channels tell by their own keys what comes again.
        "receive_for_account",
        "receive_for_connection",
        "refresh",
        "register",
    }


async def test_a_key_means_nothing_where_it_is_not_taken(admin: httpx2.AsyncClient):
    for _ in range(2):
        answer = await admin.post("/api/v1/api-keys", json={"name": "x"}, headers=KEY)
        assert answer.status_code == 201
        assert not is_replay(answer)
    assert (await admin.get("/api/v1/api-keys")).json()["total"] == 2


async def test_another_body_with_the_same_key_is_422(admin: httpx2.AsyncClient):
    await admin.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    answer = await admin.post("/api/v1/tickets", json={"title": "y"}, headers=KEY)
    problem(answer, 422, "idempotency-mismatch")
    assert (await admin.get("/api/v1/tickets")).json()["total"] == 1


async def test_a_key_belongs_to_its_caller_and_path(company: Company):
    for client in (company.admin, await company.user(), await company.api_key()):
        for path in ("/tickets", "/chat/threads"):
            answer = await client.post(f"/api/v1{path}", json={"title": "x"}, headers=KEY)
            assert answer.status_code == 201
            assert not is_replay(answer)


async def test_a_key_is_kept_for_a_day(house: House, admin: httpx2.AsyncClient):
    assert isinstance(house.clock, SteadyClock)
    await admin.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    house.clock.advance(86_401)
    async with house.client() as nobody:
        body = {"email": "ada@example.com", "password": PASSWORD}
        tokens = (await nobody.post("/api/v1/auth/login", json=body)).json()
    async with house.client(tokens["access_token"]) as ada:
        answer = await ada.post("/api/v1/tickets", json={"title": "y"}, headers=KEY)
    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
async def test_a_malformed_key_is_422(admin: httpx2.AsyncClient, key: str):
    headers = [(b"idempotency-key", key.encode())]
    answer = await admin.post("/api/v1/tickets", json={"title": "x"}, headers=headers)
    problem(answer, 422, "invalid")
    assert (await admin.get("/api/v1/tickets")).json()["total"] == 0


async def test_two_keys_are_none(admin: httpx2.AsyncClient):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await admin.post("/api/v1/tickets", json={"title": "x"}, headers=headers)
    problem(answer, 422, "invalid")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tickets", {"title": ""}, 422),
        ("/users", {"email": "ada@example.com", "password": PASSWORD}, 409),
        ("/tickets/0198a3f0-0000-7000-8000-000000000000/comments", {"body": "x"}, 404),
        ("/chat/threads/0198a3f0-0000-7000-8000-000000000000/messages", {"content": "x"}, 404),
        ("/chat/threads/0198a3f0-0000-7000-8000-000000000000/messages", {"content": ""}, 422),
    ],
)
async def test_a_refusal_is_kept_too(
    admin: httpx2.AsyncClient, path: str, body: dict[str, object], status: int
):
    first, _ = await twice(admin, path, body)
    assert first.status_code == status


async def test_malformed_json_is_kept_too(admin: httpx2.AsyncClient):
    for expected in (False, True):
        answer = await admin.post("/api/v1/tickets", content=b"{", headers=KEY)
        problem_status = (answer.status_code, is_replay(answer))
        assert problem_status == (400, expected)


async def test_a_refusal_for_a_role_is_not_kept(company: Company):
    user = await company.user()
    me = (await user.get("/api/v1/auth/me")).json()["user"]
    problem(await user.post("/api/v1/agents", headers=KEY), 403, "forbidden")
    await company.admin.patch(f"/api/v1/users/{me['id']}", json={"role": "admin"})
    answer = await user.post("/api/v1/agents", headers=KEY)
    assert (answer.status_code, is_replay(answer)) == (201, False)


async def test_the_caller_is_authorised_anew_before_a_replay(company: Company):
    user = await company.user()
    me = (await user.get("/api/v1/auth/me")).json()["user"]
    path = f"/api/v1/users/{me['id']}"
    await company.admin.patch(path, json={"role": "admin"})
    assert (await user.post("/api/v1/agents", headers=KEY)).status_code == 201
    await company.admin.patch(path, json={"role": "user"})
    problem(await user.post("/api/v1/agents", headers=KEY), 403, "forbidden")


async def test_a_failure_of_ours_is_not_kept_and_leaves_nothing(
    house: House, admin: httpx2.AsyncClient
):
    house.runner.drafts.append(ModelUnavailableError("no key"))
    body = {"text": "Help!"}
    house.runner.drafts.clear()
    failed = await admin.post("/api/v1/tickets/ai-create", json=body, headers=KEY)
    problem(failed, 500, "internal")
    house.runner.drafts.append(TicketDraft(title="Help"))
    answer = await admin.post("/api/v1/tickets/ai-create", json=body, headers=KEY)
    assert (answer.status_code, is_replay(answer)) == (201, False)
    assert (await admin.get("/api/v1/tickets")).json()["total"] == 1


async def test_no_transaction_is_open_while_a_model_or_another_system_thinks():
    egress = RecordingEgress(UnavailableError("no answer"))
    async with a_house(egress=egress) as house:
        company = await house.company()
        house.runner.drafts.append(TicketDraft(title="Help"))
        # The storage in memory refuses a second transaction in the same request.
        await twice(company.admin, "/tickets/ai-create", {"text": "Help!"})
        made = await created(company.admin, "/integrations", **WEBHOOK)
        first, _ = await twice(company.admin, f"/integrations/{made['id']}/test")
        assert first.json()["detail"] == "no answer"
        assert len(egress.posted) == 1
        await company.close()


async def test_a_repeated_message_is_sent_once_and_answered_twice(
    house: House, admin: httpx2.AsyncClient
):
    house.runner.scripts.append(saying("Hello!"))
    thread = await created(admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    first, _ = await twice(admin, path, {"content": "Hi"})
    assert first.status_code == 201
    assert (await admin.get(f"/api/v1{path}")).json()["total"] == 2
    other = await admin.post(f"/api/v1{path}", json={"content": "Ho"}, headers=KEY)
    problem(other, 422, "idempotency-mismatch")


async def test_a_streamed_repeat_gives_the_runs_events_again(
    house: House, admin: httpx2.AsyncClient
):
    house.runner.scripts.append(saying("Hello!"))
    thread = await created(admin, "/chat/threads")
    path = f"/api/v1/chat/threads/{thread['id']}/messages"
    first = await admin.post(path, json={"content": "Hi"}, headers=STREAM)
    second = await admin.post(path, json={"content": "Hi"}, headers=STREAM)
    assert (first.status_code, is_replay(first)) == (200, False)
    assert (second.status_code, is_replay(second)) == (200, True)
    assert second.text == first.text
    whole = await admin.post(path, json={"content": "Hi"}, headers=KEY)
    assert (whole.status_code, is_replay(whole)) == (201, True)
    assert whole.json()["message"]["content"] == "Hello!"


async def test_a_message_repeated_while_its_answer_is_made_waits_for_that(
    house: House, admin: httpx2.AsyncClient
):
    at_work, goes_on = asyncio.Event(), asyncio.Event()

    async def begins() -> None:
        at_work.set()

    house.runner.scripts.append((begins, goes_on.wait, *saying("Hello!")))
    thread = await created(admin, "/chat/threads")
    path = f"/api/v1/chat/threads/{thread['id']}/messages"
    first = asyncio.create_task(admin.post(path, json={"content": "Hi"}, headers=KEY))
    async with asyncio.timeout(5):
        await at_work.wait()
    second = asyncio.create_task(admin.post(path, json={"content": "Hi"}, headers=KEY))
    goes_on.set()
    answers = await asyncio.gather(first, second)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert [is_replay(answer) for answer in answers] == [False, True]


async def test_nobody_gets_an_old_answer_from_a_thread_it_may_not_see_any_more(company: Company):
    company.house.runner.scripts.append(saying("Hello!"))
    user = await company.user()
    me = (await user.get("/api/v1/auth/me")).json()["user"]
    thread = await created(company.admin, "/chat/threads")
    path = f"/api/v1/chat/threads/{thread['id']}/messages"
    await company.admin.patch(f"/api/v1/users/{me['id']}", json={"role": "admin"})
    assert (await user.post(path, json={"content": "Hi"}, headers=KEY)).status_code == 201
    await company.admin.patch(f"/api/v1/users/{me['id']}", json={"role": "user"})
    for headers in (KEY, STREAM):
        problem(await user.post(path, json={"content": "Hi"}, headers=headers), 404, "not-found")


async def test_a_thread_that_is_busy_may_be_tried_again_with_the_same_key():
    at_work, goes_on = asyncio.Event(), asyncio.Event()

    async def begins() -> None:
        at_work.set()

    async with a_house() as house:
        company = await house.company()
        house.runner.scripts += [(begins, goes_on.wait, *saying("one")), saying("two")]
        thread = await created(company.admin, "/chat/threads")
        path = f"/api/v1/chat/threads/{thread['id']}/messages"
        first = asyncio.create_task(company.admin.post(path, json={"content": "1"}))
        async with asyncio.timeout(5):
            await at_work.wait()
        busy = await company.admin.post(path, json={"content": "2"}, headers=KEY)
        problem(busy, 409, "busy")
        goes_on.set()
        await first
        answer = await company.admin.post(path, json={"content": "2"}, headers=KEY)
        assert (answer.status_code, is_replay(answer)) == (201, False)
        await company.close()
