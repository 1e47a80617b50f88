"""What the model calls and may not, or calls wrongly, is explained to it, and the run goes on."""

from dataclasses import replace

import pytest

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import DegradedReason
from tests.integration.agents.runs import Scene, Told
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.openai_server import OpenAIServer, Reply, ToolCall, ToolLoop

SEARCH = ToolCall(name="search_tickets", arguments={"query": "login"})
DELETE = ToolCall(name="delete_ticket", arguments={"ticket_id": 1})


def outcomes(answer: Told) -> list[tuple[str, ToolUseStatus]]:
    """Return what was called, and how that ended."""
    return [(ended.name, ended.status) for ended in answer.finished]


def results(model: OpenAIServer) -> list[str]:
    """Return what the model was last told about its calls."""
    messages = model.requests[-1].messages
    return [message["content"] for message in messages if message["role"] == "tool"]


@pytest.mark.parametrize("name", ["delete_ticket", "drop_database", "final_result", ""])
async def test_a_tool_that_the_run_may_not_call_is_denied_in_words(
    model: OpenAIServer, scene: Scene, name: str
) -> None:
    model.script(Reply(tool_calls=(ToolCall(name=name),)), Reply(text="I may not do that."))
    answer = await scene.told()
    assert answer.text == "I may not do that."
    assert answer.end.degraded_reason is None
    assert outcomes(answer) == [(name, ToolUseStatus.DENIED)]
    assert answer.finished[0].error == (
        f"tool access denied: this agent may not use {name!r}; "
        "it may use create_ticket, get_ticket, search_tickets"
    )
    assert len(results(model)) == 1


async def test_the_model_learns_no_tool_that_the_run_may_not_call(
    model: OpenAIServer, scene: Scene
) -> None:
    model.script(Reply(tool_calls=(DELETE,)), Reply(text="I may not."))
    await scene.told()
    (told_to_model,) = results(model)
    assert "delete_ticket" in told_to_model
    assert "assign_ticket" not in told_to_model
    assert "search_tickets" in told_to_model


async def test_a_denied_call_does_not_stop_those_beside_it(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    model.script(Reply(tool_calls=(SEARCH, DELETE, SEARCH)), Reply(text="Found one."))
    answer = await scene.told()
    assert sorted(outcomes(answer)) == [
        ("delete_ticket", ToolUseStatus.DENIED),
        ("search_tickets", ToolUseStatus.OK),
        ("search_tickets", ToolUseStatus.OK),
    ]
    assert await desk.tickets(admin.who) == (ticket,)


async def test_a_model_that_insists_is_denied_each_time_until_its_requests_are_used_up(
    model: OpenAIServer, scene: Scene
) -> None:
    model.behave(ToolLoop(tool="delete_ticket", arguments={"ticket_id": 1}))
    answer = await scene.told(max_iterations=5)
    assert answer.end.degraded_reason is DegradedReason.RUN_LIMIT
    assert len(model.requests) == answer.end.usage.requests == 5
    assert {status for _, status in outcomes(answer)} == {ToolUseStatus.DENIED}


async def test_a_call_that_needs_a_person_is_denied_with_that_reason(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    waiting = frozenset({"delete_ticket"})
    scene = replace(scene, run=await desk.run_of(admin.who, "get_ticket", needs_approval=waiting))
    model.script(Reply(tool_calls=(DELETE,)), Reply(text="That needs somebody's approval."))
    answer = await scene.told()
    assert set(model.requests[0].tool_names) == {"get_ticket", "delete_ticket"}
    assert outcomes(answer) == [("delete_ticket", ToolUseStatus.DENIED)]
    assert answer.finished[0].error == "'delete_ticket' needs a person's approval"
    assert "needs a person's approval" in results(model)[0]
    assert await desk.tickets(admin.who) == (ticket,)


@pytest.mark.parametrize("arguments", ['{"query": ', "[1]", "query=login", "null"])
async def test_arguments_that_are_no_object_are_the_models_mistake(
    model: OpenAIServer, scene: Scene, arguments: str
) -> None:
    call = ToolCall(name="search_tickets", arguments=arguments)
    model.script(Reply(tool_calls=(call,)), Reply(text="I made a mistake."))
    answer = await scene.told()
    assert answer.text == "I made a mistake."
    assert answer.end.degraded_reason is None
    assert outcomes(answer) == [("search_tickets", ToolUseStatus.ERROR)]
    assert answer.finished[0].error == "the arguments are no JSON object"
    assert answer.started[0].arguments == {}
    assert results(model)


async def test_arguments_that_the_tool_does_not_take_are_explained_by_it(
    model: OpenAIServer, scene: Scene
) -> None:
    call = ToolCall(name="create_ticket", arguments={"name": "Login fails"})
    model.script(Reply(tool_calls=(call,)), Reply(text="I made a mistake."))
    answer = await scene.told()
    assert outcomes(answer) == [("create_ticket", ToolUseStatus.ERROR)]
    assert "wrong arguments for create_ticket" in results(model)[0]


async def test_one_id_for_all_calls_still_makes_them_different_calls(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    def create(title: str) -> ToolCall:
        return ToolCall(name="create_ticket", arguments={"title": title}, id="call")

    model.script(
        Reply(tool_calls=(create("one"), create("two"))),
        Reply(tool_calls=(create("three"),)),
        Reply(text="Done."),
    )
    answer = await scene.told(streams=streams)
    titles = {ticket.title for ticket in await scene.desk.tickets(scene.admin.who)}
    assert titles == {"one", "two", "three"}
    assert [call.call_id for call in answer.started] == ["call", "call-2", "call-3"]
    assert {ended.call_id for ended in answer.finished} == {"call", "call-2", "call-3"}
    # The model reads its calls and their results under ids that belong together.
    messages = model.requests[-1].messages
    asked = [call["id"] for one in messages for call in one.get("tool_calls") or ()]
    answered = [one["tool_call_id"] for one in messages if one["role"] == "tool"]
    assert asked == ["call", "call-2", "call-3"]
    assert sorted(answered) == asked


async def test_a_loop_ends_with_the_models_last_allowed_request(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(ToolLoop())
    answer = await scene.told(max_iterations=3, streams=streams)
    assert answer.end.degraded_reason is DegradedReason.RUN_LIMIT
    assert answer.end.confidence is None
    assert len(model.requests) == 3
    assert answer.text == ""


async def test_an_answer_in_the_last_allowed_request_is_no_loop(scene: Scene) -> None:
    answer = await scene.told(max_iterations=2)
    assert answer.end.degraded_reason is None
    assert answer.text


async def test_secrets_of_the_run_are_never_shown_to_the_model(
    model: OpenAIServer, scene: Scene
) -> None:
    model.script(Reply(tool_calls=(SEARCH, DELETE)), Reply(text="Done."))
    capability = scene.desk.capability(scene.run)
    await scene.told(capability=capability)
    assert len(model.requests) == 2
    assert capability not in "".join(str(one.body) for one in model.requests)
