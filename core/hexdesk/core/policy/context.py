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
