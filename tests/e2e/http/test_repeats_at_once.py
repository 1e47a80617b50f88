"""Repeats that come at the same time, on a real database."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.storage.postgres.pool import PoolSettings
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.idempotency import KeptAnswer
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import saying
from hexdesk.core.use_cases.idempotency import OnceStorage
from tests.database import Database
from tests.e2e.http.house import SETTINGS, Company, a_house, created, problem

REPEATS = 8
KEY = {"Idempotency-Key": "the key"}


@pytest.fixture
async def company(storage: Storage) -> AsyncGenerator[Company]:
    """Return an organization on PostgreSQL."""
    settings = replace(SETTINGS, thread_wait_seconds=30)
    async with a_house(storage=storage, clock=SystemClock(), settings=settings) as house:
        company = await house.company()
        yield company
        await company.close()


async def at_once(company: Company, path: str, body: Any, **headers: str) -> httpx2.Response:
    """Make a call several times at once with one key; return the first answer, which all get."""
    client = company.admin
    sent = KEY | {name.replace("_", "-"): value for name, value in headers.items()}
    answers = await asyncio.gather(
        *(client.post(f"/api/v1{path}", json=body, headers=sent) for _ in range(REPEATS))
    )
    (first,) = [one for one in answers if "idempotent-replayed" not in one.headers]
    assert {(one.status_code, one.content) for one in answers} == {
        (first.status_code, first.content)
    }
    return first


async def test_one_ticket_comes_of_many_repeats_and_no_number_is_lost(company: Company):
    answer = await at_once(company, "/tickets", {"title": "x"})
    assert answer.status_code == 201
    assert (await company.admin.get("/api/v1/tickets")).json()["total"] == 1
    assert (await created(company.admin, "/tickets", title="y"))["number"] == 2


async def test_one_refusal_is_given_to_all(company: Company):
    answer = await at_once(company, "/tickets", {"title": ""})
    problem(answer, 422, "invalid")


async def test_one_member_comes_of_many_repeats(company: Company):
    body = {"email": "b@example.com", "password": "long enough"}
    answer = await at_once(company, "/users", body)
    assert answer.status_code == 201


async def test_one_message_comes_of_many_repeats(company: Company):
    company.house.runner.scripts.append(saying("Hello!"))
    thread = await created(company.admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    answer = await at_once(company, path, {"content": "Hi"})
    assert answer.status_code == 201
    assert (await company.admin.get(f"/api/v1{path}")).json()["total"] == 2


async def test_streamed_repeats_tell_of_one_run(company: Company):
    company.house.runner.scripts.append(saying("Hello!"))
    thread = await created(company.admin, "/chat/threads")
    path = f"/chat/threads/{thread['id']}/messages"
    answer = await at_once(company, path, {"content": "Hi"}, Accept="text/event-stream")
    assert answer.status_code == 200
    assert "run.completed" in answer.text


async def test_a_repeat_takes_over_from_a_request_that_died_before_its_answer_was_kept(
    company: Company, monkeypatch: pytest.MonkeyPatch
):
    async def dies(self: OnceStorage, answer: KeptAnswer) -> KeptAnswer | None:
        raise asyncio.CancelledError

    body = {"title": "x"}
    with monkeypatch.context() as patched:
        patched.setattr(OnceStorage, "keep", dies)
        with pytest.raises(asyncio.CancelledError):
            await company.admin.post("/api/v1/tickets", json=body, headers=KEY)
    answer = await company.admin.post("/api/v1/tickets", json=body, headers=KEY)
    assert (answer.status_code, answer.json()["number"]) == (201, 1)
    assert "idempotent-replayed" not in answer.headers
    assert (await company.admin.get("/api/v1/tickets")).json()["total"] == 1


async def test_a_repeat_waits_while_the_first_is_being_carried_out(
    company: Company, monkeypatch: pytest.MonkeyPatch
):
    """The first has its effect and waits; the second must not be answered before it."""
    is_done, goes_on = asyncio.Event(), asyncio.Event()
    keep = OnceStorage.keep

    async def waits(self: OnceStorage, answer: KeptAnswer) -> KeptAnswer | None:
        if not is_done.is_set():
            is_done.set()
            await goes_on.wait()
        return await keep(self, answer)

    monkeypatch.setattr(OnceStorage, "keep", waits)
    first = asyncio.create_task(
        company.admin.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    )
    async with asyncio.timeout(5):
        await is_done.wait()
    second = asyncio.create_task(
        company.admin.post("/api/v1/tickets", json={"title": "x"}, headers=KEY)
    )
    await asyncio.wait({second}, timeout=0.2)
    assert not second.done()
    goes_on.set()
    answers = await asyncio.gather(first, second)
    assert answers[0].json() == answers[1].json()
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, True]


async def test_a_repeat_that_waits_too_long_is_409_and_may_come_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    is_done, goes_on = asyncio.Event(), asyncio.Event()
    keep = OnceStorage.keep

    async def waits(self: OnceStorage, answer: KeptAnswer) -> KeptAnswer | None:
        if not is_done.is_set():
            is_done.set()
            await goes_on.wait()
        return await keep(self, answer)

    impatient = PoolSettings(lock_seconds=0.05)
    async with (
        PostgresStorage.open(database.url, impatient) as storage,
        a_house(storage=storage, clock=SystemClock()) as house,
    ):
        company = await house.company()
        monkeypatch.setattr(OnceStorage, "keep", waits)
        call = company.admin.post
        first = asyncio.create_task(call("/api/v1/tickets", json={"title": "x"}, headers=KEY))
        async with asyncio.timeout(5):
            await is_done.wait()
        busy = await call("/api/v1/tickets", json={"title": "x"}, headers=KEY)
        problem(busy, 409, "busy")
        assert int(busy.headers["retry-after"]) > 0
        goes_on.set()
        answer = await first
        again = await call("/api/v1/tickets", json={"title": "x"}, headers=KEY)
        assert (again.status_code, again.content) == (201, answer.content)
        await company.close()
