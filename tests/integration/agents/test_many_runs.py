"""Many runs at once: none takes another's place, and none stays behind when it is given up."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, over_http
from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.policy.configuration import config_hash
from hexdesk.core.ports.agents import AgentRunner, RunRequest, TextDelta, ToolStarted
from hexdesk.core.testing import examples
from tests.integration.agents.runs import a_request, told
from tests.integration.desk_with_tools import MCP_URL, SignedIn, ToolDesk, tool_desk
from tests.integration.served import served
from tests.openai_server import Always, OpenAIServer, Reply, ToolCall

MANY = 50


async def echo(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Open a ticket named after the question, and repeat what came of it."""
    last = messages[-1].parts[-1]
    if last.part_kind == "user-prompt":
        call = ToolCallPart("create_ticket", {"title": str(last.content)}, "call")
        return ModelResponse(parts=[call])
    made: Any = last.content if last.part_kind == "tool-return" else {}
    return ModelResponse(parts=[TextPart(f"{made['organization_id']} {made['title']}")])


def echoing_model() -> ModelShelf:
    """Return a shelf without any provider, whose stand-in repeats what it is told."""
    return ModelShelf(offline=lambda: FunctionModel(echo))


def a_title(desk: ToolDesk, run: AgentRun, title: str) -> RunRequest:
    """Return a request to the stand-in."""
    return a_request(
        desk,
        run,
        content=title,
        model_provider="nobody",
        inherits_model=True,
        streams=False,
    )


@pytest.fixture(params=["in process", "over HTTP"])
async def echoing(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[ToolDesk, AgentRunner]]:
    """Return a desk whose agents do as they are told, and reach their tools in either way."""
    async with tool_desk(echoing_model()) as desk:
        if request.param == "in process":
            yield desk, desk.desk.ports.runner
            return
        app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
        access = McpToolAccess(timeout_seconds=20, breaker=Breaker())
        async with served(app) as url, access.running():
            access.reach_by(over_http(f"{url}/mcp"))
            yield desk, PydanticAIRunner(shelf=echoing_model(), tools=access)


async def test_fifty_runs_of_fifty_companies_keep_to_their_own(
    echoing: tuple[ToolDesk, AgentRunner],
) -> None:
    desk, runner = echoing
    people = [await desk.register(f"Company{number}") for number in range(MANY)]
    runs = [await desk.run_of(one.who, "create_ticket") for one in people]
    requests = [a_title(desk, run, f"Question {number}") for number, run in enumerate(runs)]
    answers = await asyncio.gather(*(told(runner, request) for request in requests))
    assert [answer.text for answer in answers] == [
        f"{one.who.organization_id} Question {number}" for number, one in enumerate(people)
    ]
    for number, one in enumerate(people):
        assert [ticket.title for ticket in await desk.tickets(one.who)] == [f"Question {number}"]


async def test_fifty_runs_of_one_agent_keep_to_their_own(
    echoing: tuple[ToolDesk, AgentRunner],
) -> None:
    desk, runner = echoing
    admin = await desk.register()
    user = await desk.add_user(admin)
    runs = [await desk.run_of((admin, user)[n % 2].who, "create_ticket") for n in range(MANY)]
    requests = [a_title(desk, run, f"Question {number}") for number, run in enumerate(runs)]
    answers = await asyncio.gather(*(told(runner, request) for request in requests))
    assert [answer.text.rpartition(" ")[2] for answer in answers] == [str(n) for n in range(MANY)]
    tickets = await desk.tickets(admin.who)
    assert len(tickets) == MANY
    for ticket in tickets:
        run = runs[int(ticket.title.rpartition(" ")[2])]
        assert ticket.thread_id == run.thread_id
        assert ticket.created_by_id == (admin, user)[runs.index(run) % 2].who.user_id


async def given_up(
    runner: AgentRunner, desk: ToolDesk, run: AgentRun, until: Callable[[object], bool]
) -> set[asyncio.Task[object]]:
    """Close a run when something was told, and return the tasks that it leaves behind."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(20), aclosing(runner.run(a_request(desk, run))) as progress:
        async for item in progress:
            if until(item):
                break
    # Connections close in tasks of their own, which are on their way.
    await asyncio.sleep(0)
    return {task for task in asyncio.all_tasks() - before if "mcp" not in task.get_name()}


async def test_a_run_that_is_given_up_while_the_model_speaks_leaves_nothing(
    model: OpenAIServer, runner: AgentRunner, desk: ToolDesk, run: AgentRun
) -> None:
    model.behave(Always(Reply(text="Good day to you, Sir or Madam.", hangs_after=4)))
    left = await given_up(runner, desk, run, lambda item: isinstance(item, TextDelta))
    assert left == set()


async def test_a_run_that_is_given_up_while_tools_work_leaves_nothing(
    model: OpenAIServer, runner: AgentRunner, desk: ToolDesk, admin: SignedIn, run: AgentRun
) -> None:
    calls = tuple(ToolCall(name="create_ticket", arguments={"title": str(n)}) for n in range(3))
    model.behave(Always(Reply(tool_calls=calls)))
    async with desk.storage.transaction(admin.who) as transaction:
        # Whoever writes next must wait for this transaction.
        await transaction.tickets.add(examples.a_ticket(admin.who.organization_id))
        left = await given_up(runner, desk, run, lambda item: isinstance(item, ToolStarted))
        assert left == set()
    assert len(await desk.tickets(admin.who)) == 1


async def test_a_run_that_is_cancelled_leaves_nothing(
    model: OpenAIServer, runner: AgentRunner, desk: ToolDesk, run: AgentRun, *, streams: bool
) -> None:
    model.pause()
    before = asyncio.all_tasks()
    task = asyncio.create_task(told(runner, a_request(desk, run, streams=streams)))
    await model.received(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = {one for one in asyncio.all_tasks() - before if "mcp" not in one.get_name()}
    assert left == set()
    model.resume()
    assert (await told(runner, a_request(desk, run, streams=streams))).text


async def test_an_agent_is_built_once_for_each_configuration(
    model: OpenAIServer, shelf: ModelShelf, desk: ToolDesk, run: AgentRun
) -> None:
    runner = PydanticAIRunner(shelf=shelf, tools=desk.access)
    other = examples.replace(run, agent_id=examples.new_id())
    wanted = [(run, 0.1), (run, 0.9), (run, 0.1), (other, 0.1), (run, 0.9)]
    for one, temperature in wanted:
        await told(runner, a_request(desk, one, temperature=temperature))
    assert [request.body["temperature"] for request in model.requests[::2]] == [
        temperature for _, temperature in wanted
    ]
    assert set(runner.agents) == {
        f"agent_{one.agent_id}_{config_hash(AgentSettings(temperature=temperature))}_alone"
        for one, temperature in wanted
    }
    assert runner.agents.ttl == 1800
