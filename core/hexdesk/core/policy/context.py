"""What of a conversation the model is given."""

from collections.abc import Sequence

from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.chat import Message, Turn


def history(
    settings: AgentSettings, earlier: Sequence[Message], instructions: str, content: str
) -> tuple[Turn, ...]:
    """Return the newest earlier messages, oldest of them first.

    At most `memory_retention` of them; with the instructions and the new message they stay
    within `max_context_size` characters, and a message is given whole or not at all.
    """
    room = settings.max_context_size - len(instructions) - len(content)
    taken: list[Turn] = []
    for message in reversed(
        earlier[-settings.memory_retention :] if settings.memory_retention else ()
    ):
        room -= len(message.content)
        if room < 0:
            break
        if message.content:
            taken.append(Turn(role=message.role, content=message.content))
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
