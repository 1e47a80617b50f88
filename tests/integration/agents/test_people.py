"""People in the loop of a real runner: calls that wait, calls that go on, handing over."""

import asyncio

import msgspec
import pytest

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.approvals import Approval, Decision
from hexdesk.core.model.chat import ChatResponse, ThreadStatus
from hexdesk.core.policy.words import HANDED_OVER
from hexdesk.core.use_cases.handoffs import Handoff
from hexdesk.core.use_cases.handoffs import Reply as HumanReply
from tests.integration.agents.talks import Talk, deltas
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.openai_server import OpenAIServer, Reply, ToolCall

TOOLS = ("get_ticket", "delete_ticket")
HAND_OVER = ToolCall(name="hand_over", arguments={"reason": "wants a person"})


def deleting(number: int, **more: object) -> ToolCall:
    """Return a call that needs approval."""
    return ToolCall(name="delete_ticket", arguments={"ticket_id": number, **more})


async def asking(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, *replies: Reply, **agent: object
) -> tuple[Talk, ChatResponse]:
    """Have an agent with two tickets do what the model says."""
    for _ in range(2):
        await desk.add_ticket(admin.who)
    model.script(*replies)
    settings: dict[str, object] = {"tools_enabled": TOOLS, **agent}
    talk = await Talk.begin(desk, admin, **settings)
    return talk, await talk.say("Delete it!")


async def decided(
    talk: Talk, approval: Approval, *, approve: bool = True, note: str | None = None
) -> ChatResponse:
    """Decide, and return the answer of the run that goes on."""
    desk, who = talk.desk.desk, talk.person.who
    after = await desk.people.decide(who, approval.id, Decision(approve=approve, note=note))
    assert after.resumed_run_id
    async with asyncio.timeout(30):
        return await desk.chat.await_answer.by_id(who, after.resumed_run_id)


def content(response: ChatResponse) -> str:
    assert response.message
    return response.message.content


def told(model: OpenAIServer) -> list[str]:
    """Return what the model was last told of its calls."""
    return [str(one["content"]) for one in model.requests[-1].messages if one["role"] == "tool"]


async def status(talk: Talk) -> ThreadStatus:
    thread = await talk.desk.desk.chat.get_thread(talk.person.who, talk.thread_id)
    return thread.status


async def test_calls_beside_the_one_that_waits_are_made_and_the_model_is_asked_no_more(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, *, streams: bool
) -> None:
    get = ToolCall(name="get_ticket", arguments={"ticket_id": 2})
    talk, response = await asking(
        model,
        desk,
        admin,
        Reply(text="May I?", tool_calls=(deleting(1), get)),
        use_streaming=streams,
    )
    assert content(response) == "May I?"
    assert [(use.name, use.status) for use in response.tools_used] == [
        ("delete_ticket", ToolUseStatus.AWAITING_APPROVAL),
        ("get_ticket", ToolUseStatus.OK),
    ]
    assert len(model.requests) == 1
    assert len(await desk.tickets(admin.who)) == 2
    assert await status(talk) is ThreadStatus.WAITING_APPROVAL


async def test_the_run_goes_on_where_the_other_one_ended(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, *, streams: bool
) -> None:
    talk, response = await asking(
        model,
        desk,
        admin,
        Reply(text="May I?", tool_calls=(deleting(1),)),
        Reply(text="Not yet."),
        Reply(text="Gone."),
        use_streaming=streams,
    )
    assert content(await talk.say("And now?")) == "Not yet."
    after = await decided(talk, response.approvals[0])
    assert content(after) == "Gone."
    assert [use.status for use in after.tools_used] == [ToolUseStatus.OK]
    assert len(await desk.tickets(admin.who)) == 1
    messages = model.requests[-1].messages
    said = [(one["role"], one.get("content")) for one in messages if one["role"] != "system"]
    assert [role for role, _ in said] == [
        # What it said in between and the call come as one.
        "user", "assistant", "tool", "user", "assistant", "tool",
    ]  # fmt: skip
    waits, done = told(model)
    assert waits == "It waits for a person's decision and has not been made."
    assert done != waits


async def test_what_is_refused_is_told_with_the_note(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk, response = await asking(
        model, desk, admin, Reply(tool_calls=(deleting(1),)), Reply(text="I leave it.")
    )
    after = await decided(talk, response.approvals[0], approve=False, note="Not this one.")
    assert content(after) == "I leave it."
    assert told(model)[-1].endswith("a person refused this call: Not this one.")
    assert [use.status for use in after.tools_used] == [ToolUseStatus.DENIED]
    assert len(await desk.tickets(admin.who)) == 2
    assert await desk.refusals(admin) == ()


async def test_nobody_is_asked_about_arguments_that_the_tool_does_not_take(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    _, response = await asking(
        model, desk, admin, Reply(tool_calls=(deleting(1, nonsense=1),)), Reply(text="Pardon.")
    )
    assert (content(response), response.approvals) == ("Pardon.", ())
    assert [use.status for use in response.tools_used] == [ToolUseStatus.ERROR]


async def test_asking_again_for_the_same_is_another_approval(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk, response = await asking(
        model,
        desk,
        admin,
        Reply(tool_calls=(deleting(1),)),
        Reply(tool_calls=(deleting(2),)),
    )
    after = await decided(talk, response.approvals[0])
    assert [use.status for use in after.tools_used] == [
        ToolUseStatus.OK,
        ToolUseStatus.AWAITING_APPROVAL,
    ]
    (second,) = after.approvals
    assert second.arguments == {"ticket_id": 2}
    assert len(await desk.tickets(admin.who)) == 1
    assert await status(talk) is ThreadStatus.WAITING_APPROVAL


async def test_nothing_is_forgotten_however_often_it_goes_on(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk, response = await asking(
        model,
        desk,
        admin,
        Reply(tool_calls=(deleting(1),)),
        Reply(text="Not yet."),
        Reply(tool_calls=(deleting(2),)),
        Reply(text="Not yet either."),
        Reply(text="All gone."),
    )
    await talk.say("And now?")
    after = await decided(talk, response.approvals[0])
    await talk.say("And the other one?")
    assert content(await decided(talk, after.approvals[0])) == "All gone."
    assert await desk.tickets(admin.who) == ()
    messages = model.requests[-1].messages
    calls = [call["id"] for one in messages for call in one.get("tool_calls") or ()]
    results = [one["tool_call_id"] for one in messages if one["role"] == "tool"]
    assert calls == results
    assert len(set(calls)) == 4
    said = " ".join(str(one["content"]) for one in messages)
    for words in ("Delete it!", "And now?", "Not yet.", "And the other one?", "Not yet either."):
        assert said.count(words) == 1, words


async def test_two_that_wait_are_decided_one_by_one(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk, response = await asking(
        model,
        desk,
        admin,
        Reply(tool_calls=(deleting(1), deleting(2))),
        Reply(text="The first is gone."),
        Reply(text="The second stays."),
    )
    first, second = response.approvals
    assert content(await decided(talk, first)) == "The first is gone."
    assert content(await decided(talk, second, approve=False)) == "The second stays."
    assert [one.number for one in await desk.tickets(admin.who)] == [2]
    assert await status(talk) is ThreadStatus.ACTIVE


@pytest.mark.parametrize("words", ["", "A moment."])
async def test_an_agent_hands_over_by_saying_so_in_a_form(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, words: str, *, streams: bool
) -> None:
    model.script(Reply(text=words, tool_calls=(HAND_OVER,)), Reply(text="Welcome back."))
    talk = await Talk.begin(desk, admin, use_streaming=streams)
    events = await talk.listen("A person, please!")
    assert [one.type for one in events if one.type != "text.delta"] == [
        "run.started", "run.completed",
    ]  # fmt: skip
    expected = f"{words}\n\n{HANDED_OVER}" if words else HANDED_OVER
    assert "".join(deltas(events)) == expected
    assert model.requests[-1].can_hand_over
    assert await status(talk) is ThreadStatus.HUMAN
    people, who = desk.desk.people, admin.who
    await people.reply(who, talk.thread_id, HumanReply(content="I am Ada."))
    await people.resume(who, talk.thread_id, Handoff())
    assert content(await talk.say("Thanks!")) == "Welcome back."
    assert any("I am Ada." in str(one["content"]) for one in model.requests[-1].messages)


async def test_who_hands_over_asks_for_nothing_more(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk, response = await asking(model, desk, admin, Reply(tool_calls=(deleting(1), HAND_OVER)))
    assert await status(talk) is ThreadStatus.HUMAN
    statuses = [use.status for use in response.tools_used]
    # What became of the call is the same everywhere: it waits, and then there is an approval.
    waits = statuses.count(ToolUseStatus.AWAITING_APPROVAL)
    assert waits == len(response.approvals)
    assert len(await desk.tickets(admin.who)) == 2


async def test_a_model_that_hands_over_wrongly_is_told(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    wrong = ToolCall(name="hand_over", arguments={"reason": ""})
    model.script(Reply(tool_calls=(wrong,)), Reply(tool_calls=(HAND_OVER,)))
    talk = await Talk.begin(desk, admin)
    assert content(await talk.say("A person, please!")) == HANDED_OVER
    assert await status(talk) is ThreadStatus.HUMAN
    assert msgspec.json.encode(told(model))
