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
