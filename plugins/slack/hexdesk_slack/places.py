"""Where in Slack something is said, and how that is written in keys."""

from typing import NamedTuple

from hexdesk.core import UndeliverableError

# Direct messages have ids of their own kind; only they have titles.
DIRECT = "D"


class Place(NamedTuple):
    """A thread: `root` is the timestamp of the message that it hangs from."""

    team_id: str
    channel: str
    root: str

    @property
    def key(self) -> str:
        """Return the thread's name among all workspaces."""
        return f"{self.team_id}:{self.channel}:{self.root}"

    @property
    def is_direct(self) -> bool:
        """Tell whether one person alone talks with the app here."""
        return self.channel.startswith(DIRECT)

    def message_id(self, timestamp: str) -> str:
        """Return the name of a message of this thread in its workspace."""
        return f"{self.channel}:{timestamp}"


def place_of(conversation_key: str) -> Place:
    """Return the thread that a key names, or raise `UndeliverableError` if it is no such key."""
    parts = conversation_key.split(":")
    try:
        team_id, channel, root = parts
    except ValueError as error:
        raise UndeliverableError(f"{conversation_key!r} is no thread of Slack") from error
    return Place(team_id, channel, root)


def sender_id(team_id: str, user: str) -> str:
    """Return what the desk calls a person of a workspace."""
    return f"{team_id}:{user}"


def user_of(external_id: str) -> str:
    """Return what Slack calls a person."""
    return external_id.rpartition(":")[2]
