"""What Slack sends: events and pressed buttons, signed."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from hexdesk.core.model.channels import InboundRequest
from hexdesk.core.testing.steady import NOON
from hexdesk_slack.signatures import signature
from tests.slack.workspace import APP, CHANNEL, ROOT, TEAM

SECRET = "a signing secret"
FORM = "application/x-www-form-urlencoded"


def signed(
    body: bytes,
    *,
    secret: str = SECRET,
    at: float = NOON.timestamp(),
    content_type: str = "application/json",
) -> InboundRequest:
    """Return a request with Slack's signature."""
    timestamp = str(int(at))
    headers = {
        "content-type": content_type,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature(secret, timestamp, body),
    }
    return InboundRequest(headers=headers, body=body)


def event(*, team: str = TEAM, at: float = NOON.timestamp(), **fields: Any) -> InboundRequest:
    """Return an event of the workspace."""
    envelope = {
        "token": "old",
        "team_id": team,
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": "Ev1",
        "event": fields,
        "authorizations": [{"team_id": team, "user_id": APP, "is_bot": True}],
    }
    return signed(msgspec.json.encode(envelope), at=at)


def mention(text: str = f"<@{APP}> where is my parcel?", **fields: Any) -> InboundRequest:
    """Return the event of a mention that begins a thread, unless fields say otherwise."""
    usual: dict[str, Any] = {"type": "app_mention", "user": "U1", "ts": ROOT, "channel": CHANNEL}
    usual |= {"text": text, **fields}
    return event(**usual)


def message(text: str = "where is my parcel?", **fields: Any) -> InboundRequest:
    """Return the event of a direct message, unless fields say otherwise."""
    usual: dict[str, Any] = {
        "type": "message",
        "channel_type": "im",
        "user": "U1",
        "ts": ROOT,
        "channel": "D1",
    }
    usual |= {"text": text, **fields}
    return event(**usual)


def pressed(
    *actions: dict[str, Any], at: float = NOON.timestamp(), **fields: Any
) -> InboundRequest:
    """Return what is sent when somebody presses buttons of a message."""
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": "U1", "name": "ann", "team_id": TEAM},
        "container": {"type": "message", "message_ts": ROOT, "channel_id": CHANNEL},
        "actions": actions,
    } | fields
    body = urlencode({"payload": msgspec.json.encode(payload).decode()}).encode()
    return signed(body, content_type=FORM, at=at)


def button(approval_id: Any, action_id: str = "hexdesk_approve") -> dict[str, Any]:
    """Return a pressed button of an approval."""
    return {
        "type": "button",
        "action_id": action_id,
        "value": str(approval_id),
        "action_ts": "1764072001.000200",
    }
