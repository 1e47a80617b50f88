"""The stand-in for OpenAI fails in the ways that a provider and a network do."""

import json
from typing import Any

import anyio
import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.openai_server import (
    OpenAIServer,
    Reply,
)

HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_an_error_status_is_the_client_s_own_error(
    server: OpenAIServer,
    client: openai.AsyncOpenAI,
    status: int,
    error: type[openai.APIStatusError],
) -> None:
    server.script(Reply(status=status, text="no luck today", retry_after=7))
    with pytest.raises(error, match="no luck today") as raised:
        await client.chat.completions.create(model="m", messages=HELLO, stream=True)
    assert raised.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_garbled_answer_is_no_json(
    server: OpenAIServer, client: openai.AsyncOpenAI, *, stream: bool
) -> None:
    server.script(Reply(text="Good day.", is_garbled=True))
    with pytest.raises((json.JSONDecodeError, openai.APIError)):
        if stream:
            await _chunks_of(client)
        else:
            await client.chat.completions.create(model="m", messages=HELLO)


async def test_a_dying_stream_breaks_off_after_its_pieces(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(text="Good day to you.", chunks=4, dies_after=3))
    heard: list[str | None] = []
    with pytest.raises((httpx2.RemoteProtocolError, openai.APIError)):
        stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
        async for chunk in stream:
            heard += (chunk.choices[0].delta.content,)
    assert heard == ["", "Good", " day"]


@pytest.mark.parametrize("dies_after", [0, 1])
async def test_an_answer_may_die_before_it_begins_and_in_the_middle(
    server: OpenAIServer, client: openai.AsyncOpenAI, dies_after: int
) -> None:
    server.script(Reply(text="Good day.", dies_after=dies_after))
    with pytest.raises(openai.APIConnectionError):
        await client.chat.completions.create(model="m", messages=HELLO)


@pytest.mark.parametrize("hangs_after", [0, 1])
async def test_a_hanging_answer_never_ends(
    server: OpenAIServer, client: openai.AsyncOpenAI, hangs_after: int
) -> None:
    server.script(Reply(text="Good day.", hangs_after=hangs_after))
    with pytest.raises(openai.APITimeoutError):
        await client.chat.completions.create(model="m", messages=HELLO, timeout=0.2)


async def test_latency_delays_the_first_byte_and_the_pieces(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(text="Good day.", chunks=2, latency=0.2, chunk_latency=0.05))
    began = anyio.current_time()
    await _chunks_of(client)
    # Role, two pieces, the end and [DONE]: four gaps.
    assert anyio.current_time() - began >= 0.2 + 4 * 0.05


async def test_while_paused_requests_arrive_and_wait(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    answered: list[int] = []

    async def ask(number: int) -> None:
        await client.chat.completions.create(model="m", messages=HELLO)
        answered.append(number)

    server.pause()
    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(ask, number)
        await server.received(3)
        assert answered == []
        server.resume()
    assert sorted(answered) == [0, 1, 2]


async def test_a_request_that_never_comes_is_not_waited_for_forever(server: OpenAIServer) -> None:
    with pytest.raises(TimeoutError):
        await server.received(1, within=0.05)


async def _chunks_of(client: openai.AsyncOpenAI, **options: Any) -> list[ChatCompletionChunk]:
    stream: Any = await client.chat.completions.create(
        model="gpt-4o-mini", messages=HELLO, stream=True, **options
    )
    return [chunk async for chunk in stream]
