"""A connection that leads nowhere, for what needs none."""

from typing import Any
from uuid import UUID

from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing.recording_egress import RecordingEgress
from hexdesk.core.testing.steady import NOON
from hexdesk_slack.configuration import SlackConfig, SlackSettings
from tests.slack.sent import SECRET
from tests.slack.workspace import APP, TEAM

SETTINGS = SlackSettings(client_id="1.2", client_secret="secret", signing_secret=SECRET)


def a_connection(*, settings: SlackSettings | None = SETTINGS, **config: Any) -> Connection:
    """Return a connection to the workspace."""
    usual: dict[str, Any] = {"team_id": TEAM, "bot_token": "xoxb-1", "bot_user_id": APP}
    return Connection(
        organization_id=UUID(int=1),
        integration_id=UUID(int=2),
        config=SlackConfig(**(usual | config)),
        settings=settings,
        http=RecordingEgress(),
        key=b"key",
        now=NOON,
    )
