"""What `hexdesk` is compared with: one pydantic-ai agent, one open MCP session, nothing else.

A line `run 64 16` on stdin answers 64 messages, 16 at a time, and prints what that took as JSON;
`stream 64 16` does the same with streamed model requests. The program ends with its stdin.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import NoneType
from typing import Any

import msgspec
from mcp import Client
from pydantic_ai import Agent, RunContext, ToolFailed
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartStartEvent,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from hexdesk.entrypoints.loop import run as run_tuned
from hexdesk.entrypoints.loop import settle
from tests.benchmarks.bare_tools import bare_tool_server
from tests.openai_server.replies import ANSWER

PROMPT = "You are an expert customer support agent. Be helpful, professional and detailed."
QUESTION = "What is the state of the tickets about the login?"
TURNS = 5
# The default agent of hexdesk offers these to its model.
OFFERED = frozenset(
    {
        "create_ticket",
        "search_tickets",
        "get_ticket",
        "update_ticket",
        "get_system_health",
        "list_integrations",
    }
)
ARGUMENTS = SchemaValidator(core_schema.dict_schema(core_schema.str_schema()))


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What answering some messages took; with one client, also the CPU until the first text."""

    messages: int
    wall_seconds: float
    cpu_seconds: float
    latencies: list[float]
    first_text_cpu_seconds: list[float] = []


class SessionTools(AbstractToolset[None]):
    """The tools of one MCP session, listed once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._definitions: tuple[ToolDefinition, ...] = ()

    @property
    def id(self) -> str:
        return "bare"

    async def open(self) -> None:
        """Ask the server what there is."""
        self._definitions = tuple(
            ToolDefinition(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=tool.input_schema,
            )
            for tool in (await self._client.list_tools()).tools
            if tool.name in OFFERED
        )

    async def get_tools(self, ctx: RunContext[None]) -> dict[str, ToolsetTool[None]]:
        return {
            definition.name: ToolsetTool(
                toolset=self, tool_def=definition, max_retries=1, args_validator=ARGUMENTS
            )
            for definition in self._definitions
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[None], tool: ToolsetTool[None]
    ) -> Any:
        result = await self._client.call_tool(name, tool_args)
        if result.is_error:
            raise ToolFailed(f"the tool {name!r} failed")
        return result.structured_content


class BareAgent:
    """One agent with a history of ten messages, which it is given anew for each message."""

    def __init__(self, agent: Agent[None, str]) -> None:
        self._agent = agent
        self._history: list[ModelMessage] = []
        for turn in range(TURNS):
            question = UserPromptPart(f"Question {turn}: {QUESTION}")
            self._history += ModelRequest([question]), ModelResponse([TextPart(ANSWER)])

    async def run(self) -> float:
        """Answer one message; the model answers whole."""
        result = await self._agent.run(QUESTION, message_history=self._history)
        _check(result.output)
        return time.process_time()

    async def stream(self) -> float:
        """Answer one message; the model streams. Return the CPU clock at the first text."""
        first_text = 0.0
        async with self._agent.iter(QUESTION, message_history=self._history) as run:
            async for node in run:
                if not Agent.is_model_request_node(node):
                    continue
                async with node.stream(run.ctx) as events:
                    async for event in events:
                        is_text = (
                            isinstance(event, PartStartEvent) and event.part.part_kind == "text"
                        )
                        if is_text and not first_text:
                            first_text = time.process_time()
            _check(run.result and run.result.output)
        return first_text


@asynccontextmanager
async def bare_agent(base_url: str) -> AsyncGenerator[BareAgent]:
    """Open an agent whose model is at the URL, with its tools at a session that stays open."""
    provider = OpenAIProvider(base_url=base_url, api_key="key")
    async with provider, Client(bare_tool_server()) as client:
        tools = SessionTools(client)
        await tools.open()
        model = OpenAIChatModel("gpt-4o-mini", provider=provider)
        settings = ModelSettings(temperature=0.2, max_tokens=2000, timeout=30)
        agent = Agent(
            model,
            deps_type=NoneType,
            instructions=PROMPT,
            toolsets=[tools],
            model_settings=settings,
        )
        yield BareAgent(agent)


async def measured(answer: Callable[[], Awaitable[float]], messages: int, at_once: int) -> Measured:
    """Answer messages, some of them at once, and look at the clocks."""
    latencies: list[float] = []
    first_texts: list[float] = []
    left = iter(range(messages))

    async def client() -> None:
        for _ in left:
            began, cpu_began = time.perf_counter(), time.process_time()
            first_texts.append(await answer() - cpu_began)
            latencies.append(time.perf_counter() - began)

    began, cpu_began = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as clients:
        for _ in range(at_once):
            clients.create_task(client())
    return Measured(
        messages=messages,
        wall_seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu_began,
        latencies=latencies,
        first_text_cpu_seconds=first_texts if at_once == 1 else [],
    )


async def serve(base_url: str, *, is_tuned: bool) -> None:
    """Do what stdin says until it ends."""
    async with bare_agent(base_url) as agent:
        answers = {"run": agent.run, "stream": agent.stream}
        if is_tuned:
            settle()
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            command, messages, at_once = line.decode().split()
            result = await measured(answers[command], int(messages), int(at_once))
            sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
            sys.stdout.buffer.flush()


def _check(output: str | None) -> None:
    if output != ANSWER:
        raise RuntimeError(f"the bare agent said {output!r}")


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.bare_agent", description=__doc__)
    parser.add_argument("--base-url", required=True, help="an OpenAI-compatible server")
    parser.add_argument(
        "--tuned", action="store_true", help="with the event loop and the collector of hexdesk"
    )
    arguments = parser.parse_args()
    start = run_tuned if arguments.tuned else asyncio.run
    start(serve(arguments.base_url, is_tuned=arguments.tuned))


if __name__ == "__main__":
    main()
