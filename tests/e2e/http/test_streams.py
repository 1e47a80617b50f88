"""Answers as streams of events."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from hexdesk.core.testing import SteadyClock, saying
from tests.e2e.http.house import Company, a_house, created, problem, unlimited
from tests.e2e.http.wire import a_wire
from tests.storages import MEMORY

STREAM = "text/event-stream"
DAY = 86_400
BREAKABLE = pytest.mark.parametrize("house", [MEMORY], indirect=True)


@dataclass(frozen=True)
class Event:
    id: int
    type: str
    data: dict[str, Any]


def events_in(text: str) -> list[Event]:
    """Read the events of a stream; comments are passed over."""
    found: list[Event] = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            found.append(Event(int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


@dataclass(frozen=True)
class Talk:
    """A company with a conversation, and what is needed to speak in it."""

    company: Company
    thread_id: str

    @property
    def path(self) -> str:
        return f"/api/v1/chat/threads/{self.thread_id}/messages"

    def events_path(self, run_id: str) -> str:
        return f"/api/v1/chat/threads/{self.thread_id}/runs/{run_id}/events"

    def headers(self, **more: str) -> dict[str, str]:
        token = self.company.tokens["access_token"]
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {token}", **named}

    async def say(self, text: str, accept: str = STREAM, **headers: str) -> Any:
        sent = {"Accept": accept, **{n.replace("_", "-"): v for n, v in headers.items()}}
        return await self.company.admin.post(self.path, json={"content": text}, headers=sent)


@pytest.fixture
async def talk(company: Company) -> Talk:
    """Return a conversation."""
    thread = await created(company.admin, "/chat/threads")
    return Talk(company, thread["id"])


async def test_a_stream_is_the_answer_event_by_event(talk: Talk):
    talk.company.house.runner.scripts.append(saying("Hello, how can I help you today?"))
    answer = await talk.say("Hi")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(STREAM)
    assert answer.headers["cache-control"] == "no-cache, no-store"
    events = events_in(answer.text)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert events[0].type == "run.started"
    assert events[0].data.keys() == {"run_id", "thread_id"}
    assert events[-1].type == "run.completed"
    deltas = [event.data["text"] for event in events if event.type == "text.delta"]
    (_, stored) = (await talk.company.admin.get(talk.path)).json()["data"]
    assert "".join(deltas) == stored["content"] == "Hello, how can I help you today?"
    assert events[-1].data["message"] == stored


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "Text/Event-Stream; q=0.5",
        "text/event-stream, application/json",
        "application/json;q=0.5, text/event-stream",
    ],
)
async def test_who_asks_for_events_gets_a_stream(talk: Talk, accept: str):
    talk.company.house.runner.scripts.append(saying("Hello!"))
    answer = await talk.say("Hi", accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(STREAM)


@pytest.mark.parametrize(
    "accept",
    [
        "application/json, text/event-stream",
        "text/event-stream;q=0",
        "text/event-stream;q=nonsense",
        "*/*",
        "text/*",
        "text/html",
    ],
)
async def test_everybody_else_gets_the_whole_answer(talk: Talk, accept: str):
    talk.company.house.runner.scripts.append(saying("Hello!"))
    answer = await talk.say("Hi", accept)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"


@BREAKABLE
async def test_what_goes_wrong_before_the_run_is_a_problem_and_no_stream(talk: Talk):
    problem(await talk.say(" "), 422, "invalid")
    talk.company.house.memory.is_down = True
    problem(await talk.say("Hi"), 503, "unavailable")


async def test_a_stream_goes_on_where_the_client_left_off(talk: Talk):
    talk.company.house.runner.scripts.append(saying("Hello!"))
    whole = events_in((await talk.say("Hi")).text)
    path = talk.events_path(whole[0].data["run_id"])
    admin = talk.company.admin
    assert events_in((await admin.get(path)).text) == whole
    for last in (0, 1, len(whole) - 1, len(whole), 10**17):
        answer = await admin.get(path, headers={"Last-Event-ID": str(last)})
        assert answer.status_code == 200
        assert events_in(answer.text) == whole[last:]


@pytest.mark.parametrize("last", ["-1", "1.5", "x", "", "1 2", "1" * 19])
async def test_a_last_event_that_is_no_number_is_422(talk: Talk, last: str):
    talk.company.house.runner.scripts.append(saying("Hello!"))
    run_id = events_in((await talk.say("Hi")).text)[0].data["run_id"]
    answer = await talk.company.admin.get(talk.events_path(run_id), headers={"Last-Event-ID": last})
    problem(answer, 422, "invalid")


async def test_events_are_kept_for_a_day(talk: Talk):
    clock = talk.company.house.clock
    assert isinstance(clock, SteadyClock)
    talk.company.house.runner.scripts.append(saying("Hello!"))
    run_id = events_in((await talk.say("Hi")).text)[0].data["run_id"]
    clock.advance(DAY + 1)
    async with talk.company.house.client() as nobody:
        body = {"email": "ada@example.com", "password": "correct horse battery"}
        tokens = (await nobody.post("/api/v1/auth/login", json=body)).json()
    async with talk.company.house.client(tokens["access_token"]) as ada:
        problem(await ada.get(talk.events_path(run_id)), 410, "gone")


async def test_a_run_of_another_thread_is_not_there(talk: Talk):
    talk.company.house.runner.scripts.append(saying("Hello!"))
    run_id = events_in((await talk.say("Hi")).text)[0].data["run_id"]
    other = Talk(talk.company, (await created(talk.company.admin, "/chat/threads"))["id"])
    answer = await talk.company.admin.get(other.events_path(run_id))
    problem(answer, 404, "not-found")


async def test_who_hangs_up_does_not_lose_the_answer(talk: Talk):
    house = talk.company.house
    goes_on = asyncio.Event()
    house.runner.scripts.append((saying("Hel")[0], goes_on.wait, *saying("lo!")))
    headers = talk.headers(Accept=STREAM)
    async with a_wire(house.app, "POST", talk.path, headers, b'{"content":"Hi"}') as wire:
        seen = events_in(await wire.until("text.delta"))
    run_id = seen[0].data["run_id"]
    headers = talk.headers(Last_Event_ID=str(seen[-1].id))
    async with a_wire(house.app, "GET", talk.events_path(run_id), headers) as wire:
        goes_on.set()
        rest = events_in(await wire.rest())
    assert rest[0].id == seen[-1].id + 1
    assert rest[-1].data["message"]["content"] == "Hello!"


async def test_a_silent_stream_shows_that_it_lives():
    goes_on = asyncio.Event()
    async with a_house(unlimited(heartbeat_seconds=0.01)) as house:
        company = await house.company()
        talk = Talk(company, (await created(company.admin, "/chat/threads"))["id"])
        house.runner.scripts.append((goes_on.wait, *saying("Hello!")))
        headers = talk.headers(Accept=STREAM)
        async with a_wire(house.app, "POST", talk.path, headers, b'{"content":"Hi"}') as wire:
            await wire.until(": heartbeat\n\n")
            await wire.until(": heartbeat\n\n")
            goes_on.set()
            assert events_in(await wire.rest())[-1].type == "run.completed"
        await company.close()


async def test_an_instance_that_drains_ends_its_streams_and_says_so():
    goes_on = asyncio.Event()
    options = unlimited()
    async with a_house(options) as house:
        company = await house.company()
        talk = Talk(company, (await created(company.admin, "/chat/threads"))["id"])
        house.runner.scripts.append((goes_on.wait, *saying("Hello!")))
        headers = talk.headers(Accept=STREAM)
        async with a_wire(house.app, "POST", talk.path, headers, b'{"content":"Hi"}') as wire:
            await wire.until("run.started")
            options.draining.set()
            assert (await wire.rest()).endswith(": draining\n\n")
        goes_on.set()
        await company.close()


@BREAKABLE
async def test_a_stream_that_breaks_ends_so_that_the_client_comes_back(talk: Talk):
    house = talk.company.house
    goes_on = asyncio.Event()
    house.runner.scripts.append((goes_on.wait, *saying("Hello!")))
    headers = talk.headers(Accept=STREAM)
    async with a_wire(house.app, "POST", talk.path, headers, b'{"content":"Hi"}') as wire:
        started = events_in(await wire.until("run.started"))
    run_id = started[0].data["run_id"]
    with capture_logs() as logs:
        async with a_wire(house.app, "GET", talk.events_path(run_id), talk.headers()) as wire:
            await wire.until("run.started")
            house.memory.is_down = True
            # Whoever follows from here on has only the storage to ask.
            house.desk.ports.events.close(UUID(run_id))
            assert await wire.rest() == ""
    assert [one["log_level"] for one in logs if one["event"] == "stream broken off"] == ["error"]
    house.memory.is_down = False
    goes_on.set()
