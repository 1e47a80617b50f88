"""Without the tool server an agent answers without tools, and says so."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.adapters.tools.mcp_client import Breaker, McpToolAccess, over_http
from hexdesk.adapters.tools.mcp_server import McpOptions, create_mcp_app
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import DegradedReason
from tests.integration.agents.runs import Scene
from tests.integration.desk_with_tools import MCP_URL, SignedIn, ToolDesk
from tests.integration.served import served
from tests.integration.tools.line import Line, line_to
from tests.integration.tools.sessions import REST_SECONDS, Now
from tests.openai_server import Always, Bench, OpenAIServer, Reply, ToolCall

SEARCH = ToolCall(name="search_tickets", arguments={"query": "login"})
SORRY = Reply(text="I cannot look that up.")


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def line(desk: ToolDesk) -> AsyncGenerator[Line]:
    app = create_mcp_app(desk.desk, desk.verifier, McpOptions(public_url=MCP_URL))
    async with served(app) as url, line_to(url) as line:
        yield line


@pytest.fixture
async def apart(scene: Scene, line: Line, shelf: ModelShelf, now: Now) -> AsyncGenerator[Scene]:
    """Return a scene whose tool server is another process, as far as the runner can tell."""
    breaker = Breaker(most_failures=2, rest_seconds=REST_SECONDS, now=now)
    access = McpToolAccess(timeout_seconds=20, breaker=breaker)
    access.reach_by(over_http(line.url))
    async with access.running():
        yield replace(scene, runner=PydanticAIRunner(shelf=shelf, tools=access))


async def test_tools_work_the_same_over_http(
    model: OpenAIServer, apart: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    await desk.add_ticket(admin.who)
    answer = await apart.told()
    assert answer.end.degraded_reason is None
    assert [ended.status for ended in answer.finished] == [ToolUseStatus.OK]
    assert "Login fails" in model.requests[1].messages[-1]["content"]


async def test_down_at_the_start_the_model_is_told_that_it_has_no_tools(
    model: OpenAIServer, apart: Scene, line: Line, *, streams: bool
) -> None:
    await line.down()
    model.script(SORRY)
    answer = await apart.told(streams=streams)
    assert answer.text == SORRY.text
    assert answer.end.degraded_reason is DegradedReason.MCP_UNAVAILABLE
    assert answer.end.detail == "the tool server cannot be reached"
    (request,) = model.requests
    assert request.tool_names == ()
    assert "tools are temporarily unavailable" in str(request.messages[:2])


async def test_a_call_made_without_tools_is_no_violation(
    model: OpenAIServer, apart: Scene, line: Line
) -> None:
    await line.down()
    model.script(Reply(tool_calls=(SEARCH,)), SORRY)
    answer = await apart.told()
    assert [(one.status, one.error) for one in answer.finished] == [
        (ToolUseStatus.ERROR, "the tool 'search_tickets' is temporarily unavailable")
    ]


async def test_down_in_the_middle_the_call_fails_and_the_run_goes_on(
    model: OpenAIServer, apart: Scene, line: Line, *, streams: bool
) -> None:
    # What the agent may call is known from an earlier run.
    await apart.told()
    await line.down()
    model.script(Reply(text="Let me look.", tool_calls=(SEARCH, SEARCH)), SORRY)
    answer = await apart.told(streams=streams)
    assert answer.text == f"Let me look.\n\n{SORRY.text}"
    assert answer.end.degraded_reason is DegradedReason.MCP_UNAVAILABLE
    assert {(one.status, one.error) for one in answer.finished} == {
        (ToolUseStatus.ERROR, "the tool 'search_tickets' is temporarily unavailable")
    }
    assert "temporarily unavailable" in model.requests[-1].messages[-1]["content"]


async def test_an_answer_that_needs_no_tools_is_not_degraded_by_their_absence(
    model: OpenAIServer, apart: Scene, line: Line
) -> None:
    await apart.told()
    await line.down()
    model.script(Reply(text="You are welcome."))
    assert (await apart.told()).end.degraded_reason is None


async def test_a_run_that_may_call_nothing_does_not_ask_for_the_tool_server(
    model: OpenAIServer, apart: Scene, desk: ToolDesk, line: Line, admin: SignedIn
) -> None:
    await line.down()
    model.script(Reply(text="You are welcome."))
    idle = replace(apart, run=await desk.run_of(admin.who))
    assert (await idle.told()).end.degraded_reason is None


async def test_a_server_that_keeps_failing_is_left_alone_and_then_used_again(
    model: OpenAIServer, apart: Scene, line: Line, now: Now
) -> None:
    await line.down()
    model.behave(Bench())
    for _ in range(2):
        end = (await apart.told()).end
        assert end.detail == "the tool server cannot be reached"
    await line.up()
    resting = await apart.told()
    assert resting.end.degraded_reason is DegradedReason.MCP_UNAVAILABLE
    assert resting.end.detail == "the tool server failed several times: it gets a rest"
    assert line.connections == 0
    now.seconds += REST_SECONDS
    rested = await apart.told()
    assert rested.end.degraded_reason is None
    assert [ended.status for ended in rested.finished] == [ToolUseStatus.OK]


async def test_when_the_model_fails_too_that_is_what_is_said(
    model: OpenAIServer, apart: Scene, line: Line
) -> None:
    await line.down()
    model.behave(Always(Reply(status=400)))
    end = (await apart.told()).end
    assert end.degraded_reason is DegradedReason.MODEL_UNAVAILABLE


async def test_what_the_server_refuses_is_denied(
    model: OpenAIServer, apart: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Bench())
    await apart.told()
    less = desk.capability(await desk.run_of(admin.who, "get_ticket"))
    answer = await apart.told(capability=less)
    assert [(one.status, one.error) for one in answer.finished] == [
        (ToolUseStatus.DENIED, "access to the tool 'search_tickets' is denied")
    ]
    assert answer.end.degraded_reason is None
