"""Conversations as pydantic-ai spells them, and back."""

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from hexdesk.adapters.agents.pydantic_ai.conversation import (
    as_messages,
    call_ids,
    name_calls_apart,
    pack,
    unpack,
)
from hexdesk.core.model.chat import MessageRole, Turn


def calls(*ids: str) -> ModelResponse:
    """Return a response that calls a tool under each of these ids."""
    return ModelResponse(parts=[ToolCallPart("get_ticket", {"ticket_id": 1}, one) for one in ids])


def ids(response: ModelResponse) -> list[str]:
    """Return the ids of a response's calls."""
    return [part.tool_call_id for part in response.parts if isinstance(part, ToolCallPart)]


def test_only_the_person_is_the_person() -> None:
    kinds = {role: type(as_messages([Turn(role, "Hello!")])[0]) for role in MessageRole}
    assert kinds.pop(MessageRole.USER) is ModelRequest
    assert set(kinds.values()) == {ModelResponse}


def test_the_order_is_kept() -> None:
    turns = [Turn(MessageRole.USER, "one"), Turn(MessageRole.ASSISTANT, "two")] * 2
    said = [getattr(message.parts[0], "content", None) for message in as_messages(turns)]
    assert said == ["one", "two", "one", "two"]


def test_what_is_packed_is_unpacked_the_same() -> None:
    messages: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart("Größe? \x00 😀")]),
        calls("call-1"),
        ModelRequest(parts=[ToolReturnPart("get_ticket", {"tags": ["ä"]}, "call-1")]),
        ModelResponse(parts=[TextPart("Done.")]),
    ]
    assert unpack(pack(messages)) == messages


def test_calls_with_ids_of_their_own_keep_them() -> None:
    response = calls("a", "b")
    name_calls_apart(response, set())
    assert ids(response) == ["a", "b"]


def test_calls_of_one_id_are_numbered() -> None:
    response = calls("call", "call", "call")
    name_calls_apart(response, set())
    assert ids(response) == ["call", "call-2", "call-3"]


def test_ids_of_earlier_calls_are_taken() -> None:
    taken = {"call", "call-2"}
    response = calls("call", "other", "call-2")
    name_calls_apart(response, taken)
    assert ids(response) == ["call-3", "other", "call-2-2"]
    assert taken == {"call", "call-2", "call-3", "other", "call-2-2"}


def test_the_same_calls_get_the_same_names_again() -> None:
    first, again = calls("x", "x"), calls("x", "x")
    name_calls_apart(first, {"x"})
    name_calls_apart(again, {"x"})
    assert ids(first) == ids(again) == ["x-2", "x-3"]


def test_the_ids_of_a_conversation_are_those_of_its_calls() -> None:
    messages: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart("Hello!")]),
        calls("a"),
        ModelRequest(parts=[ToolReturnPart("get_ticket", {}, "a")]),
        ModelResponse(parts=[TextPart("Let me look."), ToolCallPart("get_ticket", {}, "b")]),
    ]
    assert call_ids(messages) == {"a", "b"}
