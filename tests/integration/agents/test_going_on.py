"""A run that another process left behind goes on from its last stored step."""

import pytest

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import DegradedReason, MessageRole, Turn
from tests.integration.agents.runs import Scene
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.openai_server import Bench, OpenAIServer, Reply, ToolCall


def create(title: str) -> ToolCall:
    """Return a call that opens a ticket, under the id that all calls of the model have."""
    return ToolCall(name="create_ticket", arguments={"title": title}, id="call")


async def test_the_calls_of_the_step_are_made_again_under_their_ids_and_have_one_effect(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn, *, streams: bool
) -> None:
    model.script(Reply(tool_calls=(create("one"), create("two"))), Reply(text="Done."))
    first = await scene.told(streams=streams)
    model.script(Reply(text="Done at last."))
    again = await scene.told(steps=first.steps[0], streams=streams)
    assert again.text == "Done at last."
    assert [call.call_id for call in again.started] == ["call", "call-2"]
    assert [ended.status for ended in again.finished] == [ToolUseStatus.OK] * 2
    assert sorted(ticket.title for ticket in await desk.tickets(admin.who)) == ["one", "two"]


async def test_the_model_is_not_asked_again_for_what_it_has_decided(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Bench(text="Nothing there."))
    history = (Turn(MessageRole.USER, "Hello?"), Turn(MessageRole.ASSISTANT, "Good day."))
    first = await scene.told(history=history, streams=streams)
    before = model.requests.copy()
    again = await scene.told(history=history, steps=first.steps[0], streams=streams)
    assert len(model.requests) - len(before) == 1
    assert model.requests[-1].messages == before[-1].messages
    assert again.text == first.text
    assert again.end.usage.requests == first.end.usage.requests


@pytest.mark.parametrize(
    "roles",
    [
        (MessageRole.USER, MessageRole.USER),
        (MessageRole.ASSISTANT, MessageRole.HUMAN_AGENT, MessageRole.ASSISTANT),
        (MessageRole.HUMAN_AGENT, MessageRole.HUMAN_AGENT, MessageRole.USER, MessageRole.USER),
    ],
    ids=["unanswered", "by many", "both"],
)
async def test_nothing_is_lost_after_turns_of_the_same_side(
    model: OpenAIServer, scene: Scene, roles: tuple[MessageRole, ...], *, streams: bool
) -> None:
    model.behave(Bench(text="Nothing there."))
    history = tuple(Turn(role, f"turn {place}") for place, role in enumerate(roles))
    first = await scene.told(history=history, streams=streams)
    whole = model.requests[-1].messages
    again = await scene.told(history=history, steps=first.steps[0], streams=streams)
    assert model.requests[-1].messages == whole
    assert again.text == first.text
    assert again.end.usage.requests == first.end.usage.requests


async def test_later_calls_still_get_ids_of_their_own(
    model: OpenAIServer, scene: Scene, desk: ToolDesk, admin: SignedIn
) -> None:
    model.script(Reply(tool_calls=(create("one"),)), Reply(text="Done."))
    first = await scene.told()
    model.script(Reply(tool_calls=(create("two"),)), Reply(text="Done."))
    again = await scene.told(steps=first.steps[0])
    assert [call.call_id for call in again.started] == ["call", "call-2"]
    assert len(await desk.tickets(admin.who)) == 2
    third = await scene.told(steps=again.steps[-1], streams=False)
    assert [call.call_id for call in third.started] == ["call-2"]
    assert len(await desk.tickets(admin.who)) == 2


async def test_requests_of_the_earlier_process_count(model: OpenAIServer, scene: Scene) -> None:
    first = await scene.told()
    again = await scene.told(steps=first.steps[0], max_iterations=1)
    assert again.end.degraded_reason is DegradedReason.RUN_LIMIT
    assert len(model.requests) == 2


async def test_a_call_that_was_denied_is_denied_again(model: OpenAIServer, scene: Scene) -> None:
    call = ToolCall(name="delete_ticket", arguments={"ticket_id": 1})
    model.script(Reply(tool_calls=(call,)), Reply(text="I may not."))
    first = await scene.told()
    model.script(Reply(text="I may not."))
    again = await scene.told(steps=first.steps[0])
    assert [(one.name, one.status) for one in again.finished] == [
        ("delete_ticket", ToolUseStatus.DENIED)
    ]


async def test_another_model_may_go_on(model: OpenAIServer, scene: Scene) -> None:
    first = await scene.told()
    model.script(Reply(status=400), Reply(text="Here I am."))
    again = await scene.told(steps=first.steps[0])
    assert (again.text, again.end.model) == ("Here I am.", "openai:gpt-4o")
    assert again.end.degraded_reason is None
