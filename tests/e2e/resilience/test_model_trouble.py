"""A model that fails in every way: the person gets an answer that says so."""

from typing import Any, NamedTuple

import httpx2
import pytest

from tests.e2e.resilience.client import Member, check_whole, said_in
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk
from tests.openai_server import Always, Behaviour, Reply, ToolLoop

SAID = "what now?"
TEXT = "There are three tickets, and all of them are open. Shall I close one of them for you?"
NOTICE = "I'm temporarily unavailable"
NOBODY = {"model_provider": "nobody", "model_name": "nothing"}
NO_KEY = {"model_provider": "anthropic", "model_name": "claude-haiku-4-5"}
SILENT = Always(Reply(hangs_after=0))


class Trouble(NamedTuple):
    """What is wrong, with the agent or with the model, and what the answer says of it."""

    agent: dict[str, Any]
    behaviour: Behaviour
    reason: str


TROUBLE = {
    "unknown provider": Trouble(NOBODY, Always(Reply(text=TEXT)), "model_unavailable"),
    "missing key": Trouble(NO_KEY, Always(Reply(text=TEXT)), "model_unavailable"),
    "error 500": Trouble({}, Always(Reply(status=500)), "model_unavailable"),
    "wrong key": Trouble({}, Always(Reply(status=401)), "model_unavailable"),
    "garbled": Trouble({}, Always(Reply(is_garbled=True)), "model_unavailable"),
    "nothing said": Trouble({}, Always(Reply()), "model_unavailable"),
    "dies": Trouble({}, Always(Reply(text=TEXT, dies_after=0)), "model_unavailable"),
    "hangs": Trouble({"timeout": 0.5}, SILENT, "model_unavailable"),
    "never comes to an end": Trouble({"max_iterations": 3}, ToolLoop(), "run_limit"),
    "takes too long": Trouble({"timeout_seconds": 1}, SILENT, "run_limit"),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_an_answer_says_what_went_wrong_with_the_model(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient, trouble: Trouble
) -> None:
    ann = await Member.register(http, api.url)
    thread, agent_id = await ann.thread_with(**trouble.agent)
    other_thread = await ann.thread(agent_id)
    model.when(SAID, trouble.behaviour)
    async with ann.say_streaming(other_thread, SAID) as stream:
        answer = await ann.say(thread, SAID)
        await stream.to_end()
    assert answer.status == 201
    _check(answer.body, trouble.reason)
    _, message = await ann.messages(thread)
    assert message == answer.body["message"]
    _, message = await ann.messages(other_thread)
    _check(check_whole(stream.events, message), trouble.reason)


async def test_a_model_that_dies_in_mid_sentence_leaves_a_notice_as_the_last_thing_said(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, api.url)
    thread = await ann.thread()
    model.when(SAID, Always(Reply(text=TEXT, dies_after=6, chunk_latency=0.1)))
    async with ann.say_streaming(thread, SAID) as stream:
        await stream.until(lambda stream: stream.has("text.delta"))
        seen = said_in(stream.events)
        await stream.to_end()
    _, message = await ann.messages(thread)
    response = check_whole(stream.events, message)
    assert message["content"].startswith(seen)
    assert TEXT.startswith(message["content"].partition("\n\n")[0])
    assert (
        NOTICE in [event for event in stream.events if event.name == "text.delta"][-1].data["text"]
    )
    assert response["degraded_reason"] == "model_unavailable"
    assert len(model.requests(SAID)) >= 1


async def test_an_agent_that_is_switched_off_says_nothing(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, api.url)
    thread, agent_id = await ann.thread_with(name="Silent")
    changed = await ann.call("PATCH", f"/agents/{agent_id}", {"is_active": False})
    assert changed.status == 200
    asked = len(model.server.requests)
    answer = await ann.say(thread, SAID)
    assert answer.status == 201
    assert answer.body["message"] is None
    assert answer.body["degraded_reason"] == "agent_unavailable"
    async with ann.say_streaming(thread, SAID) as stream:
        await stream.to_end()
    assert check_whole(stream.events, None)["degraded_reason"] == "agent_unavailable"
    assert [message["role"] for message in await ann.messages(thread)] == ["user"] * 2
    assert len(model.server.requests) == asked


def _check(response: dict[str, Any], reason: str) -> None:
    assert (response["degraded"], response["degraded_reason"]) == (True, reason)
    assert response["stored"]
    assert NOTICE in response["message"]["content"]
