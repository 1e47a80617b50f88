"""Our own way to chat completions asks for the same as the library's, only with less work."""

from typing import Any

import httpx2
import msgspec
import openai
import pytest
from openai import AsyncOpenAI, Omit
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from hexdesk.adapters.agents.pydantic_ai.chat_completions import PlainChatModel, plain_client
from hexdesk.core.tools.catalogue import BUILTIN

URL = "http://127.0.0.1:1/v1"
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_750_000_000,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Good day."},
        }
    ],
}
CONVERSATION: list[ModelMessage] = [
    ModelRequest(parts=[SystemPromptPart("Be kind."), UserPromptPart("Hello? ✓")]),
    ModelResponse(
        parts=[TextPart("Let me look."), ToolCallPart("get_ticket", {"ticket_id": 1}, "call-1")]
    ),
    ModelRequest(parts=[ToolReturnPart("get_ticket", {"title": "Login"}, "call-1")]),
]
TOOLS = [
    ToolDefinition(
        name=tool.name, description=tool.description, parameters_json_schema=tool.input_schema()
    )
    for tool in BUILTIN
]
SETTINGS = ModelSettings(temperature=0.2, max_tokens=2000, timeout=30, max_retries=0)


class Wire:
    """Keeps what is sent, and answers it."""

    def __init__(self, *statuses: int) -> None:
        self.sent: list[httpx2.Request] = []
        self._statuses = list(statuses)
        self.http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        status = self._statuses.pop(0) if self._statuses else 200
        if b'"stream":true' in request.content:
            return httpx2.Response(status, text="data: [DONE]\n\n")
        return httpx2.Response(status, json=ANSWER)


class CountedSchema(dict[str, Any]):
    """A schema that counts how often it is looked into."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.looks += 1
        return super().get(key, default)


def ours(wire: Wire) -> PlainChatModel:
    """Return our model at the other end of the wire."""
    client = plain_client(URL, "sk-key")
    client._client = wire.http  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - how pydantic-ai itself replaces it
    return PlainChatModel("gpt-4o-mini", client)


def theirs(wire: Wire) -> OpenAIChatModel:
    """Return the library's model at the other end of the wire."""
    client = AsyncOpenAI(base_url=URL, api_key="sk-key", max_retries=0, http_client=wire.http)
    return OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client))


PARAMETERS = {
    "no tools": ModelRequestParameters(),
    "all tools": ModelRequestParameters(function_tools=TOOLS),
    "a tool with strict arguments": ModelRequestParameters(
        function_tools=[
            ToolDefinition(
                name="f",
                strict=True,
                parameters_json_schema={
                    "type": "object",
                    "properties": {"x": {"type": "integer", "title": "X"}},
                    "required": ["x"],
                },
            )
        ]
    ),
    "structured output": ModelRequestParameters(
        output_mode="native",
        output_object=OutputObjectDefinition(
            name="ticket",
            json_schema={"type": "object", "properties": {"title": {"type": "string"}}},
        ),
    ),
}


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS.keys())
async def test_what_is_sent_is_what_the_library_sends(parameters: ModelRequestParameters) -> None:
    wire = Wire()
    for model in (ours(wire), theirs(wire)):
        await model.request(CONVERSATION, SETTINGS, parameters)
    mine, original = wire.sent
    assert msgspec.json.decode(mine.content) == msgspec.json.decode(original.content)
    assert mine.url == original.url
    assert mine.headers["authorization"] == original.headers["authorization"] == "Bearer sk-key"
    assert mine.extensions["timeout"] == original.extensions["timeout"]


async def test_a_stream_is_asked_for_as_the_library_does() -> None:
    wire = Wire()
    parameters = ModelRequestParameters(function_tools=TOOLS)
    for model in (ours(wire), theirs(wire)):
        with pytest.raises(Exception, match=r"."):
            async with model.request_stream(CONVERSATION, SETTINGS, parameters) as stream:
                async for _ in stream:
                    pass
    mine, original = wire.sent
    assert msgspec.json.decode(mine.content) == msgspec.json.decode(original.content)
    assert msgspec.json.decode(mine.content)["stream"] is True


async def test_extra_fields_headers_and_queries_are_passed_on() -> None:
    wire = Wire()
    client = ours(wire).client
    await client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "Hello!"}],
        user=Omit(),
        extra_body={"top_k": 3},
        extra_headers={"X-Trace": "1"},
        extra_query={"version": "2"},
        timeout=7,
    )
    (sent,) = wire.sent
    assert msgspec.json.decode(sent.content) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello!"}],
        "stream": False,
        "top_k": 3,
    }
    assert sent.headers["x-trace"] == "1"
    assert sent.url.params["version"] == "2"
    assert sent.extensions["timeout"]["read"] == 7


async def test_the_answer_is_what_the_library_makes_of_it() -> None:
    wire = Wire()
    answer = await ours(wire).request(CONVERSATION, SETTINGS, ModelRequestParameters())
    assert answer.text == "Good day."


async def test_a_request_is_sent_once_also_when_it_fails() -> None:
    wire = Wire(500, 500, 500)
    with pytest.raises(openai.InternalServerError):
        await ours(wire).client.chat.completions.create(model="m", messages=[])
    assert len(wire.sent) == 1


async def test_a_tool_is_looked_through_once() -> None:
    schema = CountedSchema(TOOLS[0].parameters_json_schema)
    parameters = ModelRequestParameters(
        function_tools=[ToolDefinition(name="f", parameters_json_schema=schema)]
    )
    model = ours(Wire())
    await model.request(CONVERSATION, SETTINGS, parameters)
    looks = schema.looks
    await model.request(CONVERSATION, SETTINGS, parameters)
    assert schema.looks == looks > 0


async def test_tools_of_one_schema_keep_their_names_and_words() -> None:
    schema = TOOLS[0].parameters_json_schema
    tools = [
        ToolDefinition(name="one", description="First.", parameters_json_schema=schema),
        ToolDefinition(name="two", description="Second.", parameters_json_schema=schema),
        ToolDefinition(name="three", parameters_json_schema=schema, strict=False),
    ]
    wire = Wire()
    for model in (ours(wire), theirs(wire)):
        await model.request(CONVERSATION, SETTINGS, ModelRequestParameters(function_tools=tools))
    mine, original = (msgspec.json.decode(sent.content)["tools"] for sent in wire.sent)
    assert mine == original
