"""What of a conversation the model is given."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import AgentSettings, ToolUseStatus
from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.model.chat import Message, MessageRole, Turn
from hexdesk.core.policy.words import FATES

BY_A_PERSON = "[A person of the team wrote this, not you:]\n"
Fates = Mapping[tuple[UUID, str], ApprovalStatus]
NO_FATES: Fates = {}


def history(
    settings: AgentSettings,
    earlier: Sequence[Message],
    instructions: str,
    content: str,
    fates: Fates = NO_FATES,
) -> tuple[Turn, ...]:
    """Return the newest earlier messages, oldest of them first.

    At most `memory_retention` of them; with the instructions and the new message they stay
    within `max_context_size` characters, and a message is given whole or not at all. `fates` says,
    by run and call, what has become of calls that waited for a person.
    """
    room = settings.max_context_size - len(instructions) - len(content)
    taken: list[Turn] = []
    for message in reversed(
        earlier[-settings.memory_retention :] if settings.memory_retention else ()
    ):
        told = _told(message, fates)
        room -= len(told)
        if room < 0:
            break
        if told:
            taken.append(Turn(role=message.role, content=told))
    return tuple(reversed(taken))


def room_for_knowledge(
    settings: AgentSettings, turns: Sequence[Turn], instructions: str, content: str
) -> int:
    """Return how many characters what files say may take.

    It is half of what the instructions and the message leave, or all that the history does not
    need, if that is more.
    """
    room = max(0, settings.max_context_size - len(instructions) - len(content))
    return max(room // 2, room - _length(turns))


def shortened(settings: AgentSettings, turns: Sequence[Turn], *others: str) -> tuple[Turn, ...]:
    """Return the newest turns that fit beside all else that the model is given."""
    room = settings.max_context_size - sum(map(len, others))
    start = 0
    while start < len(turns) and _length(turns[start:]) > room:
        start += 1
    return tuple(turns[start:])


def _length(turns: Sequence[Turn]) -> int:
    return sum(len(turn.content) for turn in turns)


def asking_runs(messages: Sequence[Message]) -> tuple[UUID, ...]:
    """Return the runs that ended because a call of theirs waited for a person."""
    return tuple(one.run_id for one in messages if one.run_id and _waiting(one))


def _told(message: Message, fates: Fates) -> str:
    if message.role is MessageRole.HUMAN_AGENT:
        return BY_A_PERSON + message.content
    calls = _waiting(message)
    notes = [
        f"[You called {name} with {arguments}. {FATES[fate]}]"
        for call_id, name, arguments in calls
        if (fate := fates.get((message.run_id or message.id, call_id)))
    ]
    return "\n\n".join(filter(None, (message.content, *notes)))


def _waiting(message: Message) -> list[tuple[str, str, str]]:
    return [
        (use.call_id, use.name, msgspec.json.encode(use.arguments).decode())
        for use in message.tool_calls
        if use.status is ToolUseStatus.AWAITING_APPROVAL
    ]
