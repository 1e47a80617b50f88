"""An agent's answer: what the model is given, and what comes of what it says."""

import math
from dataclasses import replace
from typing import Any

import pytest

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import MessageRole, Turn
from hexdesk.core.model.principals import AgentRun
from tests.integration.agents.runs import QUESTION, Scene
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.openai_server import Always, Bench, OpenAIServer, Reply, ToolCall
from tests.openai_server.replies import ANSWER


def said(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return who said what."""
    return [(message["role"], message.get("content")) for message in messages]


async def test_a_streamed_answer_comes_in_pieces(model: OpenAIServer, scene: Scene) -> None:
    model.behave(Always(Reply(text=ANSWER)))
    answer = await scene.told()
    assert answer.kinds == ["TextDelta", "AnswerFinished"]
    assert len(answer.deltas) > 2
    assert answer.text == ANSWER
    assert [request.is_streamed for request in model.requests] == [True]


async def test_a_whole_answer_comes_in_one_piece(model: OpenAIServer, scene: Scene) -> None:
    model.behave(Always(Reply(text=ANSWER)))
    answer = await scene.told(streams=False)
    assert answer.deltas == [ANSWER]
    assert [request.is_streamed for request in model.requests] == [False]


async def test_the_end_tells_the_model_and_what_it_cost(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    end = (await scene.told(streams=streams)).end
    assert (end.model, end.degraded_reason, end.detail) == ("openai:gpt-4o-mini", None, None)
    assert end.usage.requests == len(model.requests) == 2
    assert end.usage.input_tokens > 0
    assert end.usage.output_tokens > 0


async def test_what_is_said_before_a_call_is_a_paragraph_of_the_answer(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Bench(preamble="Let me look.", text="Nothing there."))
    answer = await scene.told(streams=streams)
    assert answer.text == "Let me look.\n\nNothing there."
    call = ["StepTaken", "ToolStarted", "ToolFinished"]
    if streams:
        assert answer.kinds == ["TextDelta", *call, "TextDelta", "AnswerFinished"]
    else:
        assert answer.kinds == [*call, "TextDelta", "AnswerFinished"]


async def test_the_model_reads_what_the_tool_answered(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    await desk.add_ticket(admin.who, "Login fails since Monday")
    model.behave(Bench(call_id="call-a"))
    answer = await scene.told()
    (call,) = answer.started
    assert (call.call_id, call.name, call.arguments) == (
        "call-a",
        "search_tickets",
        {"query": "login"},
    )
    (ended,) = answer.finished
    assert (ended.call_id, ended.status, ended.error) == ("call-a", ToolUseStatus.OK, None)
    result = model.requests[1].messages[-1]
    assert (result["role"], result["tool_call_id"]) == ("tool", "call-a")
    assert "Login fails since Monday" in result["content"]


async def test_calls_side_by_side_are_all_made(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    titles = ["Login fails", "No sound", "Screen is blue"]
    calls = tuple(ToolCall(name="create_ticket", arguments={"title": title}) for title in titles)
    model.script(Reply(tool_calls=calls), Reply(text="Done."))
    answer = await scene.told()
    assert [call.arguments["title"] for call in answer.started] == titles
    assert [ended.status for ended in answer.finished] == [ToolUseStatus.OK] * 3
    assert {call.call_id for call in answer.started} == {one.call_id for one in answer.finished}
    assert sorted(ticket.title for ticket in await desk.tickets(admin.who)) == sorted(titles)
    asked = [call["id"] for call in model.requests[1].messages[-4]["tool_calls"]]
    assert [message["tool_call_id"] for message in model.requests[1].messages[-3:]] == asked


async def test_the_model_is_given_instructions_then_memory_then_the_question(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    history = (
        Turn(MessageRole.USER, "Hello?"),
        Turn(MessageRole.ASSISTANT, "Good day."),
        Turn(MessageRole.USER, "My login fails."),
        Turn(MessageRole.HUMAN_AGENT, "I looked into it."),
    )
    await scene.told(history=history, streams=streams)
    assert said(model.requests[0].messages) == [
        ("system", "You help people with their tickets."),
        ("user", "Hello?"),
        ("assistant", "Good day."),
        ("user", "My login fails."),
        ("assistant", "I looked into it."),
        ("user", QUESTION),
    ]
    assert said(model.requests[1].messages)[:6] == said(model.requests[0].messages)


async def test_the_model_is_offered_the_runs_tools_as_the_server_describes_them(
    model: OpenAIServer, scene: Scene, run: AgentRun
) -> None:
    await scene.told()
    tools = {tool["function"]["name"]: tool["function"] for tool in model.requests[0].body["tools"]}
    assert set(tools) == run.tools
    assert tools["create_ticket"]["description"].startswith("Open a support ticket.")
    assert "title" in tools["create_ticket"]["parameters"]["properties"]


async def test_every_request_offers_the_same_tools(model: OpenAIServer, scene: Scene) -> None:
    for _ in range(2):
        await scene.told()
    first, *others = [request.body["tools"] for request in model.requests]
    assert len(others) == 3
    assert all(tools == first for tools in others)


async def test_two_runs_of_an_agent_are_offered_what_each_may_call(
    model: OpenAIServer, scene: Scene
) -> None:
    run, less = scene.run, await scene.desk.run_of(scene.admin.who, "get_ticket")
    for one in (run, less, run):
        await replace(scene, run=one).told()
    offered = [set(request.tool_names) for request in model.requests]
    assert offered == [run.tools, run.tools, {"get_ticket"}, run.tools, run.tools]


async def test_confidence_is_the_mean_probability_of_the_answers_tokens(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Always(Reply(text="Good day to you", logprob=math.log(0.25))))
    answer = await scene.told(streams=streams)
    assert answer.end.confidence == pytest.approx(0.25)


async def test_confidence_is_not_invented(scene: Scene, *, streams: bool) -> None:
    assert (await scene.told(streams=streams)).end.confidence is None


async def test_confidence_in_a_call_is_none_in_the_answer(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    call = ToolCall(name="search_tickets", arguments={"query": "login"})
    first = Reply(text="Let me look.", tool_calls=(call,), logprob=math.log(0.5))
    model.script(first, Reply(text="Nothing there."))
    assert (await scene.told(streams=streams)).end.confidence is None


async def test_without_tools_the_model_is_offered_none(model: OpenAIServer, scene: Scene) -> None:
    idle = replace(scene, run=await scene.desk.run_of(scene.admin.who))
    answer = await idle.told()
    assert "tools" not in model.requests[0].body
    assert answer.end.degraded_reason is None
    assert answer.end.usage.requests == 1
