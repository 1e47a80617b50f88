"""Repeats that come at the same time, on a real database."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx2
import pytest

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import saying
from tests.e2e.http.house import Company, a_house, created, problem

REPEATS = 8
KEY = {"Idempotency-Key": "the key"}


@pytest.fixture
async def company(storage: Storage) -> AsyncGenerator[Company]:
    """Return an organization on PostgreSQL."""
    async with a_house(storage=storage, clock=SystemClock()) as house:
        company = await house.company()
        yield company
        await company.close()


async def at_once(company: Company, path: str, body: Any, **headers: str) -> list[httpx2.Response]:
    """Make a call several times at once with one key; all get the same answer."""
    client = company.admin
    sent = KEY | {name.replace("_", "-"): value for name, value in headers.items()}
    answers = await asyncio.gather(
        *(client.post(f"/api/v1{path}", json=body, headers=sent) for _ in range(REPEATS))
    )
    firsts = [one for one in answers if "idempotent-replayed" not in one.headers]
    assert len(firsts) == 1
    assert len({(one.status_code, one.content) for one in answers}) == 1
    return answers


async def test_one_ticket_comes_of_many_repeats_and_no_number_is_lost(company: Company):
    answers = await at_once(company, "/tickets", {"title": "x"})
    assert answers[0].status_code == 201
    assert (await company.admin.get("/api/v1/tickets")).json()["total"] == 1
    assert (await created(company.admin, "/tickets", title="y"))["number"] == 2


async def test_one_refusal_is_given_to_all(company: Company):
    answers = await at_once(company, "/tickets", {"title": ""})
    problem(answers[0], 422, "invalid")


async def test_one_member_comes_of_many_repeats(company: Company):
    body = {"email": "b@example.com", "password": "long enough"}
    answers = await at_once(company, "/users", body)
    assert answers[0].status_code == 201


async def test_one_message_comes_of_many_repeats(company: Company):
    company.house.runner.scripts.append(saying("Hello!"))
    thread = await created(company.admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    answers = await at_once(company, path, {"content": "Hi"})
    assert answers[0].status_code == 201
    assert (await company.admin.get(f"/api/v1{path}")).json()["total"] == 2


async def test_streamed_repeats_tell_of_one_run(company: Company):
    company.house.runner.scripts.append(saying("Hello!"))
    thread = await created(company.admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    answers = await at_once(company, path, {"content": "Hi"}, Accept="text/event-stream")
    assert answers[0].status_code == 200
    assert "run.completed" in answers[0].text


async def test_a_repeat_waits_for_the_first_and_takes_over_if_that_dies(
    company: Company, monkeypatch: pytest.MonkeyPatch
):
    client = company.admin
    died = asyncio.Event()
    now: Callable[[], Any] = company.house.clock.now
    calls = 0

    def dies_once() -> Any:
        nonlocal calls
        calls += 1
        if died.is_set():
            return now()
        died.set()
        raise asyncio.CancelledError

    monkeypatch.setattr(company.house.clock, "now", dies_once)
    with pytest.raises(asyncio.CancelledError):
        await client.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    monkeypatch.undo()
    answer = await client.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    assert answer.json()["number"] == 1
