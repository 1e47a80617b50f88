"""Reading pydantic-ai's messages as the plain conversation that the rules decide on."""

from collections.abc import Iterator, Sequence

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextContent,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from hexdesk.adapters.agents.offline.conversation import Conversation, Said, Step, ToolResult
from hexdesk.core.policy.knowledge import is_fenced, passages_in, unread_in

# pydantic-ai's own feedback travels as a user's words; it is nobody's order.
_FRAMEWORK_FENCE = "<pyai:"


def read_messages(messages: Sequence[ModelMessage], member_id: str | None) -> Conversation:
    """Split messages into the newest text, what came before it, and the tool's answer to it."""
    newest = max((at for at, message in enumerate(messages) if _user_text(message)), default=-1)
    text = _user_text(messages[newest]) if newest >= 0 else ""
    calls = tool_calls(messages)
    before = messages[: max(newest, 0)]
    block = _knowledge(messages[newest]) if newest >= 0 else ""
    return Conversation(
        text=text,
        steps=tuple(step for message in before for step in _steps(message, calls)),
        result=_last_result(messages[-1], calls) if messages else None,
        member_id=member_id,
        knowledge=passages_in(block),
        unread=unread_in(block),
    )


def tool_calls(messages: Sequence[ModelMessage]) -> dict[str, ToolCallPart]:
    """Return the calls made so far by their ids."""
    return {
        part.tool_call_id: part
        for message in messages
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }


def _steps(message: ModelMessage, calls: dict[str, ToolCallPart]) -> Iterator[Step]:
    if isinstance(message, ModelResponse):
        said = "".join(part.content for part in message.parts if isinstance(part, TextPart))
        if said.strip():
            yield Said(by_user=False, text=said)
        return
    for part in message.parts:
        if isinstance(part, ToolReturnPart):
            yield _result(part, calls)
    if text := _user_text(message):
        yield Said(by_user=True, text=text)


def _last_result(message: ModelMessage, calls: dict[str, ToolCallPart]) -> ToolResult | None:
    # With a new message beside it, a result is part of the past.
    if not isinstance(message, ModelRequest) or _user_text(message):
        return None
    results = [part for part in message.parts if isinstance(part, ToolReturnPart)]
    return _result(results[-1], calls) if results else None


def _result(part: ToolReturnPart, calls: dict[str, ToolCallPart]) -> ToolResult:
    call = calls.get(part.tool_call_id)
    return ToolResult(
        tool=part.tool_name,
        arguments=call.args_as_dict() if call else {},
        content=part.content,
        succeeded=part.outcome == "success",
    )


def _user_text(message: ModelMessage) -> str:
    if not isinstance(message, ModelRequest):
        return ""
    texts = (_prompt_text(part) for part in message.parts if isinstance(part, UserPromptPart))
    return "\n".join(text for text in texts if text.strip() and not is_fenced(text))


def _knowledge(message: ModelMessage) -> str:
    """Return what files say, which stands in a part of its own before the person's words."""
    parts = [part for part in message.parts if isinstance(part, UserPromptPart)]
    return next(filter(is_fenced, map(_prompt_text, parts[:-1])), "")


def _prompt_text(part: UserPromptPart) -> str:
    if isinstance(part.content, str):
        return "" if part.content.lstrip().startswith(_FRAMEWORK_FENCE) else part.content
    pieces = (
        piece.content if isinstance(piece, TextContent) else piece
        for piece in part.content
        if isinstance(piece, str | TextContent)
    )
    return "\n".join(pieces)
