"""Each setting of an agent does something: what it does, shown through the desk."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.model.agents import AgentSettings, ToolUseStatus
from hexdesk.core.model.ai_config import AIConfig, Prompts
from hexdesk.core.model.chat import DegradedReason
from tests.integration.agents.talks import Talk, deltas
from tests.integration.desk_with_tools import SignedIn, ToolDesk, tool_desk
from tests.openai_server import Always, Bench, OpenAIServer, Reply, ToolCall, ToolLoop

GOOD_DAY = Always(Reply(text="Good day to you, dear customer.", chunks=6))
SHOWN_IN_THIS_FILE = {
    "name",
    "agent_type",
    "role",
    "prompt",
    "tone",
    "communication_style",
    "response_length",
    "memory_retention",
    "max_context_size",
    "temperature",
    "max_tokens",
    "timeout",
    "max_iterations",
    "timeout_seconds",
    "use_streaming",
    "tools_enabled",
    "mcp_enabled",
    "require_approval",
    "model_provider",
    "model_name",
}


Begin = Callable[..., Awaitable[Talk]]


@pytest.fixture
def talk_with(desk: ToolDesk, admin: SignedIn) -> Begin:
    """Return what begins a talk with an agent that has some settings."""
    return partial(Talk.begin, desk, admin)


def instructions(model: OpenAIServer) -> str:
    """Return what the model was last told to be."""
    message = model.requests[-1].messages[0]
    assert message["role"] == "system"
    return message["content"]


def conversation(model: OpenAIServer) -> list[str]:
    """Return what the model was last given of the conversation."""
    return [message["content"] for message in model.requests[-1].messages[1:]]


def test_every_setting_is_shown_here() -> None:
    assert set(AgentSettings.__struct_fields__) == SHOWN_IN_THIS_FILE


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("name", "Marvin"),
        ("role", "the night shift"),
        ("prompt", "You answer in riddles."),
        ("tone", "gloomy"),
        ("communication_style", "baroque"),
        ("response_length", "one syllable"),
    ],
)
async def test_words_about_the_agent_are_in_its_instructions(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn, setting: str, value: str
) -> None:
    model.behave(GOOD_DAY)
    await (await Talk.begin(desk, admin)).say("Hello!")
    assert value not in instructions(model)
    await (await Talk.begin(desk, admin, **{setting: value})).say("Hello!")
    assert value in instructions(model)


async def test_agent_type_is_a_word_that_templates_may_use(
    model: OpenAIServer, shelf: ModelShelf
) -> None:
    model.behave(GOOD_DAY)
    prompts = Prompts(template="You are a $agent_type agent.")
    async with tool_desk(shelf, ai_config=AIConfig(prompts=prompts)) as desk:
        await (await Talk.begin(desk, await desk.register(), agent_type="billing")).say("Hello!")
    assert instructions(model) == "You are a billing agent."


async def test_memory_retention_is_how_many_earlier_messages_the_model_gets(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Always(Reply(text="Yes.")))
    talk = await Talk.begin(desk, admin, memory_retention=3)
    for number in range(4):
        await talk.say(f"Question {number}")
    assert conversation(model) == ["Yes.", "Question 2", "Yes.", "Question 3"]
    await talk.change(admin, memory_retention=0)
    await talk.say("Question 4")
    assert conversation(model) == ["Question 4"]


async def test_max_context_size_is_how_much_of_them(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Always(Reply(text="Yes.")))
    talk = await Talk.begin(desk, admin, prompt="")
    await talk.say("A" * 400)
    await talk.say("B" * 400)
    await talk.change(admin, max_context_size=len(instructions(model)) + 406)
    await talk.say("C")
    assert conversation(model) == ["B" * 400, "Yes.", "C"]


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("temperature", "temperature", 0.0),
        ("temperature", "temperature", 1.7),
        ("max_tokens", "max_completion_tokens", 17),
        ("model_name", "model", "gpt-4o"),
    ],
)
async def test_the_model_is_asked_as_the_settings_say(
    model: OpenAIServer, talk_with: Begin, setting: str, field: str, value: Any
) -> None:
    response = await (await talk_with(**{setting: value})).say("Hello!")
    assert [request.body[field] for request in model.requests] == [value, value]
    assert not response.degraded


async def test_model_provider_is_who_is_asked(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    # Nobody of this name is known, so the fallback chain answers.
    talk = await Talk.begin(desk, admin, model_provider="nobody", model_name="model-1")
    response = await talk.say("Hello!")
    assert (response.model, response.degraded) == ("openai:gpt-4o", False)
    assert {request.body["model"] for request in model.requests} == {"gpt-4o"}


async def test_timeout_ends_one_request_to_the_model(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Always(Reply(hangs_after=0)))
    response = await (await Talk.begin(desk, admin, timeout=0.2)).say("Hello!")
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert [request.body["model"] for request in model.requests] == ["gpt-4o-mini", "gpt-4o"]


async def test_timeout_seconds_ends_the_whole_run(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Always(Reply(hangs_after=0)))
    response = await (await Talk.begin(desk, admin, timeout_seconds=1)).say("Hello!")
    assert response.degraded_reason is DegradedReason.RUN_LIMIT
    assert [request.body["model"] for request in model.requests] == ["gpt-4o-mini"]


async def test_max_iterations_is_how_often_the_model_may_be_asked(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(ToolLoop())
    response = await (await Talk.begin(desk, admin, max_iterations=3)).say("Hello!")
    assert response.degraded_reason is DegradedReason.RUN_LIMIT
    assert response.usage.requests == len(model.requests) == 3
    assert response.message is not None
    assert "temporarily unavailable" in response.message.content


async def test_use_streaming_is_whether_the_model_is_asked_to_stream(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    slowly = Always(Reply(text="Good day to you, dear customer.", chunks=6, chunk_latency=0.1))
    model.behave(slowly)
    streamed = await (await Talk.begin(desk, admin, use_streaming=True)).listen("Hello!")
    whole = await (await Talk.begin(desk, admin, use_streaming=False)).listen("Hello!")
    assert [request.is_streamed for request in model.requests] == [True, False]
    assert len(deltas(streamed)) > 1
    assert deltas(whole) == ["Good day to you, dear customer."] == ["".join(deltas(streamed))]


async def test_tools_enabled_are_the_tools_that_the_model_is_offered(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk = await Talk.begin(desk, admin, tools_enabled=("get_ticket", "list_tickets"))
    await talk.say("Hello!")
    assert set(model.requests[-1].tool_names) == {"get_ticket", "list_tickets"}
    await talk.change(admin, tools_enabled=())
    response = await talk.say("Hello!")
    assert model.requests[-1].tool_names == ()
    assert not response.degraded


async def test_mcp_enabled_is_whether_it_has_tools_at_all(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    response = await (await Talk.begin(desk, admin, mcp_enabled=False)).say("Hello!")
    assert model.requests[-1].tool_names == ()
    assert not response.degraded


async def test_require_approval_is_what_the_agent_may_not_do_alone(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    await desk.add_ticket(admin.who)
    call = ToolCall(name="get_ticket", arguments={"ticket_id": 1})
    tools = ("get_ticket",)
    for names, status in (((), ToolUseStatus.OK), (tools, ToolUseStatus.AWAITING_APPROVAL)):
        model.script(Reply(tool_calls=(call,)), Reply(text="Well."))
        talk = await Talk.begin(desk, admin, tools_enabled=tools, require_approval=names)
        (use,) = (await talk.say("Hello!")).tools_used
        assert use.status is status


async def test_unless_something_else_is_said_what_destroys_requires_approval(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    call = ToolCall(name="delete_ticket", arguments={"ticket_id": ticket.number})
    model.script(Reply(tool_calls=(call,)))
    talk = await Talk.begin(desk, admin, tools_enabled=("delete_ticket",))
    (use,) = (await talk.say("Delete it!")).tools_used
    assert (use.status, use.error) == (ToolUseStatus.AWAITING_APPROVAL, None)
    assert await desk.tickets(admin.who) == (ticket,)
    model.script(Reply(tool_calls=(call,)), Reply(text="Gone."))
    await talk.change(admin, require_approval=())
    (use,) = (await talk.say("Delete it!")).tools_used
    assert use.status is ToolUseStatus.OK
    assert await desk.tickets(admin.who) == ()


async def test_an_agent_that_is_not_active_is_silent(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    talk = await Talk.begin(desk, admin)
    await talk.change(admin, is_active=False)
    response = await talk.say("Hello!")
    assert response.message is None
    assert response.degraded_reason is DegradedReason.AGENT_UNAVAILABLE
    assert model.requests == []


async def test_a_change_is_in_force_with_the_next_message(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Bench())
    talk = await Talk.begin(desk, admin, temperature=0.1, tone="gloomy")
    await talk.say("Hello!")
    await talk.change(admin, temperature=0.9, tone="cheerful")
    await talk.say("Hello again!")
    assert [request.body["temperature"] for request in model.requests] == [0.1, 0.1, 0.9, 0.9]
    assert "cheerful" in instructions(model)
