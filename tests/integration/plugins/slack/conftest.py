"""A workspace of Slack's on this machine, and a connection that leads there."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from hexdesk.core.model.channels import OutboundMessage, Sender
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing.channels_contract import Mood, OtherSystem, an_outbound
from hexdesk.core.testing.recording_egress import RecordingEgress
from hexdesk.core.testing.steady import NOON
from hexdesk_slack.channel import SlackChannel
from hexdesk_slack.configuration import SlackConfig, SlackSettings
from tests.slack.sent import SECRET
from tests.slack.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    LOST_AFTER,
    TOKEN,
    SlackServer,
    limited,
    refused,
    slack_server,
)
from tests.slack.workspace import APP, CHANNEL, ROOT, TEAM

POST = "chat.postMessage"


class Elsewhere(OtherSystem):
    """The workspace, in the moods of the contract's suite."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server

    async def be(self, mood: Mood) -> None:
        if mood is Mood.GONE:
            await self._server.stop()
            return
        moods = {
            Mood.BUSY: limited(),
            Mood.REFUSING: refused("channel_not_found"),
            Mood.SILENT: LOST_AFTER,
        }
        self._server.always = {POST: moods[mood]} if mood in moods else {}

    def taken(self) -> Sequence[str]:
        return [posted.shown for posted in self._server.workspace.answers()]


@pytest.fixture
async def server() -> AsyncGenerator[SlackServer]:
    async with slack_server() as running:
        yield running


@pytest.fixture
def elsewhere(server: SlackServer) -> OtherSystem:
    return Elsewhere(server)


@pytest.fixture
def channel() -> SlackChannel:
    return SlackChannel()


@pytest.fixture
def connection(server: SlackServer) -> Connection:
    return Connection(
        organization_id=UUID(int=10),
        integration_id=UUID(int=11),
        config=SlackConfig(team_id=TEAM, bot_token=TOKEN, bot_user_id=APP),
        settings=SlackSettings(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            signing_secret=SECRET,
            base_url=server.base_url,
        ),
        http=RecordingEgress(),
        key=b"key",
        now=NOON,
    )


@pytest.fixture
def outbound() -> OutboundMessage:
    return an_outbound(
        conversation_key=f"{TEAM}:{CHANNEL}:{ROOT}",
        recipient=Sender(external_id=f"{TEAM}:U1", name="Ann"),
        hints={"user": "U1", "team": TEAM},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All of it together."""

    channel: SlackChannel
    connection: Connection
    server: SlackServer
    outbound: OutboundMessage


@pytest.fixture
def scene(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> Scene:
    return Scene(channel=channel, connection=connection, server=server, outbound=outbound)
