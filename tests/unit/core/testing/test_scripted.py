"""Agents and tools that are told what to say."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ModelUnavailableError, ToolsUnavailableError
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.tickets import TicketDraft
from hexdesk.core.ports.agents import AnswerFinished, RunRequest, StepTaken, TextDelta
from hexdesk.core.ports.tools import ToolAnswer, ToolDescription
from hexdesk.core.testing import ScriptedRunner, ScriptedTools, ToolCall, saying
from hexdesk.core.testing.examples import new_id


@pytest.fixture
def request_to_run() -> RunRequest:
    return RunRequest(
        run_id=new_id(),
        agent_id=new_id(),
        settings=AgentSettings(),
        instructions="Be brief.",
        history=(),
        content="Hello",
        tools=frozenset(),
        capability="token",
    )


async def test_a_runner_plays_one_script_per_run_and_records_the_requests(
    request_to_run: RunRequest,
) -> None:
    second = replace(request_to_run, content="And now?")
    runner = ScriptedRunner(saying("Hi"), (StepTaken(b"1"), *saying("Bye")))
    first_run = [progress async for progress in runner.run(request_to_run)]
    second_run = [progress async for progress in runner.run(second)]
    assert first_run[0] == TextDelta("Hi")
    assert isinstance(first_run[-1], AnswerFinished)
    assert second_run[:2] == [StepTaken(b"1"), TextDelta("Bye")]
    assert runner.requests == [request_to_run, second]
    assert runner.ended == 2


async def test_a_runner_waits_for_what_a_script_calls(request_to_run: RunRequest) -> None:
    go_on = asyncio.Event()
    run = ScriptedRunner((TextDelta("a"), go_on.wait, TextDelta("b"))).run(request_to_run)
    assert await anext(run) == TextDelta("a")
    waiting = asyncio.ensure_future(anext(run))
    done, _ = await asyncio.wait({waiting}, timeout=0.01)
    assert done == set()
    go_on.set()
    assert await waiting == TextDelta("b")
    await run.aclose()


async def test_a_runner_notices_that_its_run_was_closed(request_to_run: RunRequest) -> None:
    runner = ScriptedRunner((TextDelta("a"), TextDelta("b")))
    run = runner.run(request_to_run)
    await anext(run)
    assert runner.ended == 0
    await run.aclose()
    assert runner.ended == 1


async def test_a_runner_drafts_tickets_as_told(request_to_run: RunRequest) -> None:
    draft = TicketDraft(title="Login fails")
    runner = ScriptedRunner(drafts=[draft, ModelUnavailableError("no key")])
    assert await runner.draft_ticket(request_to_run) == draft
    with pytest.raises(ModelUnavailableError):
        await runner.draft_ticket(request_to_run)
    assert runner.requests == [request_to_run, request_to_run]


async def test_tools_answer_as_told_and_record_the_calls() -> None:
    tool = ToolDescription(name="get_ticket", description="Get a ticket.", input_schema={})
    answer, lost = ToolAnswer(value={"number": 1}), ToolsUnavailableError("no answer in time")
    tools = ScriptedTools([tool], {"get_ticket": answer, "list_tickets": lost})
    assert await tools.list("token", new_id(), frozenset({"get_ticket", "x"})) == (tool,)
    assert await tools.list("token", new_id(), frozenset()) == ()
    assert await tools.call("token", "call-1", "get_ticket", {"ticket_id": 1}) == answer
    with pytest.raises(ToolsUnavailableError):
        await tools.call("token", "call-2", "list_tickets", {})
    first, second = tools.calls
    assert first == ToolCall(
        capability="token", call_id="call-1", name="get_ticket", arguments={"ticket_id": 1}
    )
    assert (second.call_id, second.name) == ("call-2", "list_tickets")


async def test_tools_can_be_taken_away() -> None:
    tools = ScriptedTools(answers={"get_ticket": ToolAnswer()})
    tools.is_down = True
    with pytest.raises(ToolsUnavailableError):
        await tools.list("token", new_id(), frozenset())
    with pytest.raises(ToolsUnavailableError):
        await tools.call("token", "call-1", "get_ticket", {})
    assert tools.calls == []


async def test_tools_say_of_a_call_that_waits_what_they_were_told_to_say() -> None:
    refused, lost = ToolAnswer(error="no such ticket"), ToolsUnavailableError("no answer in time")
    tools = ScriptedTools(checks={"close_ticket": refused, "list_tickets": lost})
    assert await tools.check("token", "call-1", "close_ticket", {}) == refused
    assert await tools.check("token", "call-2", "get_ticket", {}) == ToolAnswer()
    with pytest.raises(ToolsUnavailableError):
        await tools.check("token", "call-3", "list_tickets", {})
    assert tools.calls == []
