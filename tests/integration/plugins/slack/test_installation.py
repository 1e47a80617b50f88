"""How a workspace is connected by signing in at Slack."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import yaml
from msgspec.structs import replace

import hexdesk_slack
from hexdesk.core.errors import InvalidError, UnavailableError
from hexdesk.core.ports.channels import Connection
from hexdesk_slack.channel import SlackChannel
from hexdesk_slack.configuration import SCOPES, SlackConfig, SlackSettings
from tests.slack.server import CODE, LOST_BEFORE, TOKEN, SlackServer
from tests.slack.workspace import APP, TEAM

BACK = "https://desk.example/api/v1/channels/slack/installed"


async def installed(
    channel: SlackChannel, connection: Connection, **given: Any
) -> tuple[str, dict[str, Any]]:
    usual = {"settings": connection.settings, "code": CODE, "redirect_url": BACK}
    return await channel.finish_install(http=connection.http, **(usual | given))


def test_an_admin_is_sent_to_slack(channel: SlackChannel) -> None:
    settings = SlackSettings(client_id="1.2", client_secret="secret")
    url = urlsplit(channel.install_url(settings, state="a state&", redirect_url=BACK))
    assert (url.scheme, url.netloc, url.path) == ("https", "slack.com", "/oauth/v2/authorize")
    assert parse_qs(url.query) == {
        "client_id": ["1.2"],
        "scope": [",".join(SCOPES)],
        "redirect_uri": [BACK],
        "state": ["a state&"],
    }


async def test_the_code_is_traded_for_the_workspaces_token(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    name, config = await installed(channel, connection)
    assert name == "Slack: Acme"
    assert msgspec.convert(config, SlackConfig) == SlackConfig(
        team_id=TEAM, team_name="Acme", bot_token=TOKEN, bot_user_id=APP
    )
    [asked] = server.called("oauth.v2.access")
    assert asked["redirect_uri"] == BACK


async def test_a_code_that_is_worth_nothing_is_invalid(
    channel: SlackChannel, connection: Connection
) -> None:
    with pytest.raises(InvalidError, match="invalid_code"):
        await installed(channel, connection, code="another")


async def test_a_wrong_client_secret_is_said(channel: SlackChannel, connection: Connection) -> None:
    wrong = replace(connection.settings, client_secret="wrong")
    with pytest.raises(InvalidError, match="bad_client_secret"):
        await installed(channel, connection, settings=wrong)


@pytest.mark.parametrize("settings", [None, SlackSettings(), SlackSettings(client_id="1.2")])
async def test_without_an_app_nothing_can_be_installed(
    channel: SlackChannel, connection: Connection, settings: SlackSettings | None
) -> None:
    with pytest.raises(InvalidError, match="no Slack app"):
        channel.install_url(settings, state="s", redirect_url=BACK)
    with pytest.raises(InvalidError, match="no Slack app"):
        await installed(channel, connection, settings=settings)


async def test_an_installation_for_a_whole_organization_is_refused(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.installed = server.installed | {"team": None, "is_enterprise_install": True}
    with pytest.raises(InvalidError, match="whole organization"):
        await installed(channel, connection)


async def test_tokens_that_expire_are_refused(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.installed = server.installed | {"expires_in": 43200, "refresh_token": "xoxe-1"}
    with pytest.raises(InvalidError, match="rotation"):
        await installed(channel, connection)


async def test_a_slack_that_is_gone_is_unavailable(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.next_time("oauth.v2.access", LOST_BEFORE)
    with pytest.raises(UnavailableError):
        await installed(channel, connection)


def manifest() -> dict[str, Any]:
    path = Path(hexdesk_slack.__file__).with_name("manifest.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_manifest_asks_for_what_the_code_uses() -> None:
    assert manifest()["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_the_manifest_subscribes_to_what_the_code_reads() -> None:
    assert manifest()["settings"]["event_subscriptions"]["bot_events"] == [
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
    ]


def test_the_manifest_leads_to_the_desk_and_lets_no_token_expire() -> None:
    settings = manifest()["settings"]
    inbound = settings["event_subscriptions"]["request_url"]
    assert settings["interactivity"] == {"is_enabled": True, "request_url": inbound}
    assert inbound.endswith("/api/v1/channels/slack")
    assert settings["token_rotation_enabled"] is False
    assert settings["socket_mode_enabled"] is False


def test_the_page_shows_the_manifest_as_it_is() -> None:
    page = Path(__file__).parents[4] / "docs/how-to/connect-slack.md"
    [shown] = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert yaml.safe_load(shown) == manifest()
