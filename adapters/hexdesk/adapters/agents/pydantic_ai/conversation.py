"""A conversation as pydantic-ai spells it."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from hexdesk.core.model.chat import MessageRole, Turn
from hexdesk.core.policy.knowledge import is_fenced
from hexdesk.core.ports.agents import DecidedCall, RunRequest


def as_messages(history: Sequence[Turn]) -> list[ModelMessage]:
    """Return earlier turns: the person's are requests, all others the assistant's own words."""
    return [
        ModelRequest(parts=[UserPromptPart(turn.content)])
        if turn.role is MessageRole.USER
        else ModelResponse(parts=[TextPart(turn.content)])
        for turn in history
    ]


def as_question(request: RunRequest) -> list[ModelMessage]:
    """Return what files say, and what the person asks in a part of its own; nothing without files.

    As part of the run's own messages it is stored with its steps.
    """
    if not request.knowledge:
        return []
    return [
        ModelRequest(parts=[UserPromptPart(request.knowledge), UserPromptPart(request.content)])
    ]


def asked_before(request: RunRequest, decided: DecidedCall) -> list[ModelMessage]:
    """Return what came before a decision: the run that wanted the call, and what was said since."""
    asked: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart(request.content)])]
    steps = unpack(decided.steps) if decided.steps else asked
    return [*told_anew(steps, request.knowledge), *as_messages(decided.since)]


def told_anew(steps: Sequence[ModelMessage], knowledge: str) -> list[ModelMessage]:
    """Return a run's messages with what files say now, in place of what they said at its beginning.

    A file may have been removed since, and what is cited is looked up in what is there now.
    """
    match steps:
        case [ModelRequest(parts=[UserPromptPart() as first, *others]) as asked, *later]:
            is_ours = bool(others) and isinstance(first.content, str) and is_fenced(first.content)
            theirs = others if is_ours else [first, *others]
            ours = [UserPromptPart(knowledge)] if knowledge else []
            return [replace(asked, parts=[*ours, *theirs]), *later]
        case _:
            return list(steps)


def first_step(decided: DecidedCall) -> list[ModelMessage]:
    """Return what a run begins with that a decision has begun: the call, made next or refused.

    It stands in the conversation a second time, under an id of its own: where it was wanted, it
    still reads as waiting.
    """
    call = ToolCallPart(decided.name, decided.arguments, tool_call_id=decided.call_id)
    wanted = ModelResponse(parts=[call])
    if decided.refusal is None:
        return [wanted]
    told = ToolReturnPart(decided.name, decided.refusal, decided.call_id, outcome="denied")
    return [wanted, ModelRequest(parts=[told])]


def pack(messages: list[ModelMessage]) -> bytes:
    """Return messages as they are stored."""
    return ModelMessagesTypeAdapter.dump_json(messages)


def unpack(steps: bytes) -> list[ModelMessage]:
    """Return stored messages."""
    return ModelMessagesTypeAdapter.validate_json(steps)


def name_calls_apart(response: ModelResponse, taken: set[str]) -> None:
    """Give each call of a response an id that no other call of the run has.

    Some servers name every call alike; results are kept by that name, so it must be unique, and
    the same again when the run is repeated from a stored step.
    """
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            name, count = part.tool_call_id, 1
            while part.tool_call_id in taken:
                count += 1
                part.tool_call_id = f"{name}-{count}"
            taken.add(part.tool_call_id)


def call_ids(messages: Sequence[ModelMessage]) -> set[str]:
    """Return the ids of all calls in messages."""
    return {
        part.tool_call_id
        for message in messages
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }
