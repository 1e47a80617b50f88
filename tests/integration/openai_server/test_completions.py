"""What the stand-in for OpenAI says is what the official client understands."""

import json
import math
from typing import Any

import anyio
import httpx2
import msgspec
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.openai_server import (
    Always,
    ChatRequest,
    OpenAIServer,
    Reply,
    ToolCall,
    ToolLoop,
)

HELLO: Any = [{"role": "user", "content": "Hello"}]
SEARCH_TOOL: Any = {
    "type": "function",
    "function": {
        "name": "search_tickets",
        "description": "Search tickets.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
    },
}


async def test_a_scripted_text_arrives_whole(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(text="Good day."))
    answer = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.model == "gpt-4o-mini"
    assert answer.choices[0].message.content == "Good day."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_a_streamed_text_arrives_in_pieces_and_ends_with_the_usage(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(text="Good day to you.", chunks=4))
    chunks = await _chunks_of(client, stream_options={"include_usage": True})
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert pieces == ["", "Good", " day", " to ", "you.", ""]
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * 5 + ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


async def test_usage_is_streamed_only_to_those_who_want_it(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    chunks = await _chunks_of(client)
    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)


async def test_requests_are_kept_with_their_headers(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    await client.chat.completions.create(
        model="gpt-4o", messages=HELLO, temperature=0.5, tools=[SEARCH_TOOL]
    )
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer key"
    assert request.body["temperature"] == 0.5
    assert request.messages == HELLO
    assert request.tool_names == ("search_tickets",)
    assert not request.is_streamed


async def test_the_script_is_followed_in_order_and_has_an_end(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    def echo(request: ChatRequest) -> Reply:
        return Reply(text=f"you said {request.messages[-1]['content']!r}")

    server.script(Reply(text="first"), echo)
    heard: list[str | None] = []
    for _ in range(2):
        answer = await client.chat.completions.create(model="m", messages=HELLO)
        heard.append(answer.choices[0].message.content)
    assert heard == ["first", "you said 'Hello'"]
    with pytest.raises(openai.BadRequestError, match="the script has no reply"):
        await client.chat.completions.create(model="m", messages=HELLO)


async def test_a_script_may_name_what_comes_after_it(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(status=429), then=Always(Reply(text="better now")))
    with pytest.raises(openai.RateLimitError):
        await client.chat.completions.create(model="m", messages=HELLO)
    answer = await client.chat.completions.create(model="m", messages=HELLO)
    assert answer.choices[0].message.content == "better now"


async def test_a_streamed_tool_call_comes_in_pieces_after_the_text_before_it(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    call = ToolCall(name="search_tickets", arguments={"query": "login"}, id="call_a")
    server.script(Reply(text="Let me look.", tool_calls=(call,)))
    chunks = await _chunks_of(client, tools=[SEARCH_TOOL])
    deltas = [chunk.choices[0].delta for chunk in chunks]
    text = "".join(delta.content or "" for delta in deltas)
    calls = [call for delta in deltas for call in delta.tool_calls or ()]
    functions = [call.function for call in calls if call.function]
    assert text == "Let me look."
    assert [call.id for call in calls] == ["call_a", None, None, None]
    assert json.loads("".join(f.arguments or "" for f in functions)) == {"query": "login"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_calls_without_an_id_get_new_ones(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.behave(ToolLoop())
    ids: set[str] = set()
    for _ in range(2):
        answer = await client.chat.completions.create(model="m", messages=HELLO)
        ids.update(call.id for call in answer.choices[0].message.tool_calls or ())
    assert len(ids) == 2


async def test_arguments_given_as_text_are_sent_as_they_are(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    server.script(Reply(tool_calls=(ToolCall(name="search_tickets", arguments='{"query": '),)))
    answer = await client.chat.completions.create(model="m", messages=HELLO)
    calls = answer.choices[0].message.tool_calls or []
    assert [c.function.arguments for c in calls if c.type == "function"] == ['{"query": ']


@pytest.mark.parametrize("stream", [False, True])
async def test_probabilities_stand_beside_the_text(
    server: OpenAIServer, client: openai.AsyncOpenAI, *, stream: bool
) -> None:
    server.script(Reply(text="Good day", chunks=1, logprob=math.log(0.5)))
    if stream:
        chunks = await _chunks_of(client)
        logprobs = [chunk.choices[0].logprobs for chunk in chunks]
    else:
        answer = await client.chat.completions.create(model="m", messages=HELLO)
        logprobs = [answer.choices[0].logprobs]
    tokens = [token for part in logprobs if part for token in part.content or ()]
    assert [token.token for token in tokens] == ["Good", "day"]
    assert math.exp(tokens[0].logprob) == pytest.approx(0.5)


async def test_the_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["gpt-4o-mini", "gpt-4o"]


async def test_an_unknown_path_is_refused(server: OpenAIServer, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="/v1/responses"):
        await client.responses.create(model="m", input="Hello")


async def test_one_connection_serves_many_requests(server: OpenAIServer) -> None:
    async with await anyio.connect_tcp("127.0.0.1", _port(server)) as stream:
        request = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
        await stream.send(request + request[:20])
        await stream.send(request[20:] + request)
        heard = b""
        with anyio.fail_after(5):
            while heard.count(b"HTTP/1.1 200 OK") < 3 or not heard.endswith(b"}"):
                heard += await stream.receive()


async def test_another_process_may_choose_the_behaviour(
    server: OpenAIServer, client: openai.AsyncOpenAI
) -> None:
    document = msgspec.json.encode(Always(Reply(text="as you wish")))
    async with httpx2.AsyncClient() as http:
        url = server.base_url.replace("/v1", "/behaviour")
        assert (await http.put(url, content=document)).status_code == 200
        assert (await http.put(url, content=b'{"type": "Sing"}')).status_code == 400
    answer = await client.chat.completions.create(model="m", messages=HELLO)
    assert answer.choices[0].message.content == "as you wish"


async def _chunks_of(client: openai.AsyncOpenAI, **options: Any) -> list[ChatCompletionChunk]:
    stream: Any = await client.chat.completions.create(
        model="gpt-4o-mini", messages=HELLO, stream=True, **options
    )
    return [chunk async for chunk in stream]


def _port(server: OpenAIServer) -> int:
    return int(server.base_url.removesuffix("/v1").rpartition(":")[2])
