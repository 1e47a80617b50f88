"""What the installation and each organization say about Slack."""

from typing import Annotated

import msgspec

# Slack's ids are capital letters and digits. They become parts of keys, between colons.
SlackId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,40}\Z")]
Timestamp = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}\Z")]
Prompt = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

BASE_URL = "https://slack.com/api/"

# What the app asks of a workspace, and what for. The manifest asks for the same.
SCOPES = (
    "app_mentions:read",  # to hear that it is mentioned
    "assistant:write",  # to say that it is thinking, and what a thread is about
    "channels:history",  # to hear what is said in threads, and look for what it said itself
    "chat:write",  # to answer
    "files:read",  # to read what is attached
    "groups:history",  # as channels:history, in private channels
    "im:history",  # to hear direct messages
    "mpim:history",  # to hear messages to a group that it is in
    "users:read",  # to know who writes
    "users:read.email",  # to know which customer that is
)


class SlackSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The Slack app of this installation, as Slack shows it under "Basic Information"."""

    client_id: str = ""
    client_secret: str = ""
    signing_secret: str = ""
    base_url: str = BASE_URL


class SlackConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, and the token that speaks in it.

    `signing_secret` is of a company's own app; without it the installation's app signs.
    `suggested_prompts` are offered below answers in direct conversations.
    """

    team_id: SlackId
    bot_token: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^\S+\Z")]
    bot_user_id: SlackId | None = None
    team_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    signing_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    suggested_prompts: Annotated[tuple[Prompt, ...], msgspec.Meta(max_length=4)] = ()
