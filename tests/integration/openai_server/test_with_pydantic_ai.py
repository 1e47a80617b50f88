"""pydantic-ai takes the stand-in for OpenAI for the real one."""

from typing import Any

import openai
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, capture_run_messages
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError, UsageLimitExceeded
from pydantic_ai.messages import ToolReturnPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import UsageLimits

from tests.openai_server import (
    Bench,
    OpenAIServer,
    Reply,
    Structured,
    ToolLoop,
)


class Draft(BaseModel):
    title: str
    priority: int


@pytest.fixture
async def model(client: openai.AsyncOpenAI) -> OpenAIChatModel:
    return OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client))


@pytest.mark.parametrize("streamed", [False, True])
async def test_pydantic_ai_makes_a_tool_round_trip(
    server: OpenAIServer, model: OpenAIChatModel, *, streamed: bool
) -> None:
    server.behave(Bench(preamble="Let me look.", call_id="call_a", text="Two tickets."))
    agent = Agent(model)
    queries: list[str] = []

    @agent.tool_plain
    def search_tickets(query: str) -> list[str]:
        queries.append(query)
        return ["T-1", "T-2"]

    if streamed:
        output = await _streamed(agent, "What is up with the login?")
    else:
        output = (await agent.run("What is up with the login?")).output
    assert output == "Two tickets."
    assert queries == ["login"]
    first, second = server.requests
    assert first.is_streamed is second.is_streamed is streamed
    assert [message["role"] for message in second.messages] == ["user", "assistant", "tool"]
    assert second.messages[1]["content"] == "Let me look."
    assert second.messages[2]["tool_call_id"] == "call_a"


async def test_pydantic_ai_counts_the_tokens(server: OpenAIServer, model: OpenAIChatModel) -> None:
    async with Agent(model).run_stream("Hello") as result:
        await result.get_output()
    usage = result.usage
    assert usage.requests == 1
    assert usage.input_tokens > 0
    assert usage.output_tokens > len(Bench().text) // 8


async def test_a_loop_of_tool_calls_is_ended_by_the_caller(
    server: OpenAIServer, model: OpenAIChatModel
) -> None:
    server.behave(ToolLoop(call_id="call_again"))
    agent = Agent(model)
    agent.tool_plain(name="search_tickets")(_find_nothing)
    with capture_run_messages() as messages, pytest.raises(UsageLimitExceeded):
        await agent.run("Hello", usage_limits=UsageLimits(request_limit=4))
    results = [
        part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)
    ]
    assert {part.tool_call_id for part in results} == {"call_again"}
    assert len(server.requests) == 4


@pytest.mark.parametrize("output", [Draft, NativeOutput(Draft), PromptedOutput(Draft)])
async def test_structured_output_is_given_as_it_is_asked_for(
    server: OpenAIServer, model: OpenAIChatModel, output: Any
) -> None:
    server.behave(Structured({"title": "Login fails", "priority": 2}))
    agent: Agent[None, Draft] = Agent(model, output_type=output)
    result = await agent.run("The login fails")
    assert result.output == Draft(title="Login fails", priority=2)


async def test_pydantic_ai_sees_errors_as_those_of_a_provider(
    server: OpenAIServer, model: OpenAIChatModel
) -> None:
    server.script(Reply(status=500), Reply(dies_after=0))
    with pytest.raises(ModelHTTPError):
        await Agent(model).run("Hello")
    with pytest.raises(ModelAPIError):
        await Agent(model).run("Hello")


async def _streamed(agent: Agent[None, str], prompt: str) -> str:
    async with agent.iter(prompt) as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for _ in stream:
                        pass
    assert run.result is not None
    return run.result.output


def _find_nothing(query: str) -> list[str]:
    return []
