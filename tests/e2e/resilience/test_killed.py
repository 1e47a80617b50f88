"""`hexdesk up` killed at each step of a run: nothing is lost, and nothing happens twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from tests.e2e.resilience.client import EventStream, Member, check_whole, said_in
from tests.e2e.resilience.model import Model, brings_result
from tests.e2e.resilience.processes import Hexdesk
from tests.integration.postgres.waiting import until
from tests.openai_server import Behaviour, Bench, ChatRequest, Reply
from tests.storages import POSTGRES

SAID = "Please open a ticket: the printer is on fire"
KEY = "the one and only"
PREAMBLE = "Let me open a ticket."
ANSWER = "Done: the fire brigade has been told, and your ticket is open."
FILES_A_TICKET = Bench(
    tool="create_ticket", arguments={"title": "Fire"}, preamble=PREAMBLE, text=ANSWER
)
ANY_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


class Conversation:
    """One message and its run, followed through the death of the process."""

    def __init__(self, up: Hexdesk, model: Model, member: Member, thread: str) -> None:
        self.member = member
        self.events: list[Any] = []
        self._up = up
        self._model = model
        self._thread = thread

    @classmethod
    async def begin(cls, up: Hexdesk, model: Model, http: httpx2.AsyncClient) -> "Conversation":
        """Found an organization and open a thread."""
        member = await Member.register(http, up.url)
        return cls(up, model, member, await member.thread())

    @asynccontextmanager
    async def said(self, behaviour: Behaviour) -> AsyncGenerator[EventStream]:
        """Say it, and follow the run until the process is killed at the end of the block."""
        self._model.when(SAID, behaviour)
        asked = len(self._model.requests(SAID))
        async with self.member.say_streaming(self._thread, SAID, key=KEY) as stream:
            await self._model.asked(SAID, asked + 1)
            yield stream
            self._up.kill()
            await stream.to_end()
        self.events = stream.events
        self._model.resume()
        await self._up.start()

    async def resumed(self) -> dict[str, Any]:
        """Go on with the stream, check it to its end, and return the answer in it."""
        run = self.events[0].data["run_id"]
        async with self.member.follow(self._thread, run, self.events[-1].id) as stream:
            await stream.to_end()
        self.events += stream.events
        _, answer = await self.member.messages(self._thread)
        return check_whole(self.events, answer)

    async def check_one_effect(self, response: dict[str, Any]) -> None:
        """Check that one message, one run, one call, one ticket came of it all."""
        again = await self.member.say(self._thread, SAID, key=KEY)
        assert (again.status, again.is_replay, again.body) == (201, True, response)
        roles = [message["role"] for message in await self.member.messages(self._thread)]
        assert roles == ["user", "assistant"]
        assert [ticket["title"] for ticket in await self.member.tickets()] == ["Fire"]
        (agent,) = (await self.member.get("/agents"))["data"]
        (action,) = (await self.member.get(f"/agents/{agent['id']}/actions"))["data"]
        assert (action["tool"], action["status"]) == ("create_ticket", "ok")
        calls = [event.data["call_id"] for event in self.events if event.name == "tool.started"]
        ends = [event.data["call_id"] for event in self.events if event.name == "tool.finished"]
        assert calls == ends == [action["call_id"]]


async def test_a_run_killed_while_the_model_thinks_is_done_after_the_next_start(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    talk = await Conversation.begin(up, model, http)
    async with talk.said(model.held(FILES_A_TICKET)) as stream:
        await stream.until(lambda stream: stream.has("run.started"))
    response = await talk.resumed()
    assert response["message"]["content"] == f"{PREAMBLE}\n\n{ANSWER}"
    assert not response["degraded"]
    await talk.check_one_effect(response)


@pytest.mark.parametrize("laptop", [POSTGRES], indirect=True)
async def test_a_run_killed_while_its_tool_waits_calls_the_tool_again_by_the_same_id(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    talk = await Conversation.begin(up, model, http)
    async with _counter_locked(up) as superuser, talk.said(FILES_A_TICKET) as stream:
        await stream.until(lambda stream: stream.has("tool.started"))
        await until(lambda: superuser.fetchval(ANY_WAITS))
    response = await talk.resumed()
    assert response["message"]["content"] == f"{PREAMBLE}\n\n{ANSWER}"
    assert not response["degraded"]
    await talk.check_one_effect(response)
    _check_call_ids(model.requests(SAID)[-1], response)


async def test_a_run_killed_after_its_tool_was_called_does_not_repeat_the_effect(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    talk = await Conversation.begin(up, model, http)
    behaviour = model.held(FILES_A_TICKET, when=brings_result)
    asked = len(model.requests(SAID))
    async with talk.said(behaviour) as stream:
        await stream.until(lambda stream: stream.has("tool.finished"))
        await model.asked(SAID, asked + 2)
        assert len(await talk.member.tickets()) == 1
    response = await talk.resumed()
    assert response["message"]["content"] == f"{PREAMBLE}\n\n{ANSWER}"
    assert not response["degraded"]
    await talk.check_one_effect(response)
    _check_call_ids(model.requests(SAID)[-1], response)


async def test_a_run_killed_in_mid_sentence_ends_with_what_was_seen_and_a_notice(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    talk = await Conversation.begin(up, model, http)

    def stops_in_mid_sentence(request: ChatRequest) -> Reply:
        if brings_result(request):
            return Reply(text=ANSWER, chunks=10, hangs_after=7)
        return FILES_A_TICKET(request)

    async with talk.said(stops_in_mid_sentence) as stream:
        await stream.until(lambda stream: "fire brigade" in said_in(stream.events))
    seen = said_in(talk.events)
    asked = len(model.requests(SAID))
    response = await talk.resumed()
    assert response["message"]["content"].startswith(seen)
    assert "temporarily unavailable" in response["message"]["content"]
    assert response["degraded_reason"] == "model_unavailable"
    assert len(model.requests(SAID)) == asked
    await talk.check_one_effect(response)


async def test_an_answer_survives_a_kill_right_after_it(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    talk = await Conversation.begin(up, model, http)
    async with talk.said(FILES_A_TICKET) as stream:
        await stream.until(lambda stream: stream.has("run.completed"))
    asked = len(model.requests(SAID))
    response = await talk.resumed()
    assert response["message"]["content"] == f"{PREAMBLE}\n\n{ANSWER}"
    await talk.check_one_effect(response)
    assert len(model.requests(SAID)) == asked


@asynccontextmanager
async def _counter_locked(up: Hexdesk) -> AsyncGenerator[asyncpg.Connection]:
    """Hold what every new ticket needs, until the database dies."""
    postgres = EmbeddedPostgres(up.folder / "postgres")
    superuser = await asyncpg.connect(postgres.url("hexdesk", SUPERUSER))
    try:
        await superuser.execute("BEGIN; SELECT FROM ticket_counters FOR UPDATE")
        yield superuser
    finally:
        superuser.terminate()


def _check_call_ids(request: ChatRequest, response: dict[str, Any]) -> None:
    """Check that the model was told of one call with one result, and by which id."""
    (use,) = response["tools_used"]
    calls = [call["id"] for message in request.messages for call in message.get("tool_calls") or ()]
    results = [message["tool_call_id"] for message in request.messages if message["role"] == "tool"]
    assert calls == results == [use["call_id"]]
