"""What Slack sends, as far as it matters here."""

from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from hexdesk.core import InboundRequest
from hexdesk_slack.configuration import SlackId, Timestamp

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
Payload = TypeVar("Payload")


class UnreadableError(ValueError):
    """A request is not what Slack sends."""


class Authorization(msgspec.Struct, frozen=True):
    """For which installation of the app an event is."""

    team_id: SlackId | None = None
    user_id: SlackId | None = None


class Event(msgspec.Struct, frozen=True):
    """What Slack posts to the address of events. Only the event itself is read later."""

    type: str
    team_id: SlackId | None = None
    challenge: str | None = None
    event: msgspec.Raw = msgspec.Raw(b"{}")
    authorizations: tuple[Authorization, ...] | None = None

    @property
    def workspace(self) -> str | None:
        """Return where the app is installed that hears this.

        In a channel that companies share, `team_id` is the company of who wrote.
        """
        for authorization in self.authorizations or ():
            if authorization.team_id:
                return authorization.team_id
        return self.team_id


class Kind(msgspec.Struct, frozen=True):
    """What tells one event from another."""

    type: str
    subtype: str | None = None
    bot_id: str | None = None
    hidden: bool | None = None
    user: str | None = None


class PostedFile(msgspec.Struct, frozen=True):
    """A file that hangs from a message. In shared channels all but its id may be missing."""

    id: SlackId
    name: str | None = None
    mimetype: str | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    mode: str | None = None
    url_private_download: str | None = None


class Post(msgspec.Struct, frozen=True):
    """A message that a person wrote."""

    user: SlackId
    channel: SlackId
    ts: Timestamp
    text: str | None = None
    thread_ts: Timestamp | None = None
    channel_type: str | None = None
    user_team: SlackId | None = None
    files: tuple[PostedFile, ...] | None = None


class Team(msgspec.Struct, frozen=True):
    """A workspace."""

    id: SlackId


class Person(msgspec.Struct, frozen=True):
    """Who pressed a button."""

    id: SlackId
    name: str = ""


class Container(msgspec.Struct, frozen=True):
    """Where the button was."""

    channel_id: SlackId | None = None
    message_ts: Timestamp | None = None


class Action(msgspec.Struct, frozen=True):
    """A button that was pressed."""

    action_id: str
    action_ts: Timestamp
    value: str | None = None


class Interaction(msgspec.Struct, frozen=True):
    """What Slack posts when somebody uses what the app has shown."""

    type: str
    team: Team | None = None
    user: Person | None = None
    container: Container = Container()
    actions: tuple[msgspec.Raw, ...] = ()


def read(request: InboundRequest) -> Event | Interaction:
    """Return what a request holds, or raise `UnreadableError`. It need not be verified."""
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        return decode(request.body, Event)
    try:
        fields = parse_qs(request.body.decode(), max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise UnreadableError(f"not a form: {error}") from error
    if "payload" not in fields:
        raise UnreadableError("the form has no field 'payload'")
    return decode(fields["payload"][0].encode(errors="surrogatepass"), Interaction)


def decode(content: bytes | msgspec.Raw, kind: type[Payload]) -> Payload:
    """Return the JSON as this kind of payload, or raise `UnreadableError`."""
    try:
        return msgspec.json.decode(content, type=kind)
    # Some break the decoder's recursion, and some its idea of UTF-8.
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise UnreadableError(str(error)) from error


def hints_of(**hints: Any) -> dict[str, Any]:
    """Return what is known of these."""
    return {name: hint for name, hint in hints.items() if hint is not None}
