"""How a workspace is connected: an admin of it allows the app, and its token comes back."""

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from yarl import URL

from hexdesk.core import InvalidError, UndeliverableError
from hexdesk_slack.calls import WebClient, asked
from hexdesk_slack.configuration import SCOPES, SlackId, SlackSettings


class _Team(msgspec.Struct, frozen=True):
    id: SlackId
    name: str = ""


class _Access(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    bot_user_id: SlackId
    team: _Team | None = None
    expires_in: int | None = None


def app_of(settings: SlackSettings) -> SlackSettings:
    """Return the app of this installation, or raise `InvalidError` if there is none."""
    if not settings.client_id or not settings.client_secret:
        raise InvalidError("this installation has no Slack app: set its client id and secret")
    return settings


def install_url(settings: SlackSettings, *, state: str, redirect_url: str) -> str:
    """Return where an admin of a workspace allows the app."""
    query = {
        "client_id": settings.client_id,
        "scope": ",".join(SCOPES),
        "redirect_uri": redirect_url,
        "state": state,
    }
    return f"{URL(settings.base_url).join(URL('/oauth/v2/authorize'))}?{urlencode(query)}"


async def finish_install(
    client: WebClient, settings: SlackSettings, *, code: str, redirect_url: str
) -> tuple[str, dict[str, Any]]:
    """Trade the code for a token; return the integration's name and its configuration."""
    try:
        access = await asked(
            # Not the SDK's own method, which uses what aiohttp gives up.
            client.api_call(
                "oauth.v2.access",
                data={
                    "client_id": settings.client_id,
                    "client_secret": settings.client_secret,
                    "code": code,
                    "redirect_uri": redirect_url,
                },
            ),
            _Access,
        )
    except UndeliverableError as error:
        raise InvalidError(f"Slack did not take the code: {error}") from error
    if access.team is None:
        raise InvalidError("the app was installed for a whole organization, not a workspace")
    if access.expires_in is not None:
        raise InvalidError("tokens of this Slack app expire: turn token rotation off")
    name = access.team.name or access.team.id
    config = {
        "team_id": access.team.id,
        "team_name": name[:200],
        "bot_user_id": access.bot_user_id,
        "bot_token": access.access_token,
    }
    return f"Slack: {name}"[:200], config
