"""Whether a request comes from Slack."""

import hmac
import re
from datetime import datetime

from hexdesk.core import ChannelResponse, InboundRequest

VERSION = "v0"
TOLERANCE_SECONDS = 300


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return how Slack signs a body at a time."""
    signed = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}={hmac.digest(secret.encode(), signed, 'sha256').hex()}"


def refusal(request: InboundRequest, secret: str | None, now: datetime) -> ChannelResponse | None:
    """Return how a request is refused that Slack did not sign just now, or None."""
    if not secret:
        return unauthorized("there is no signing secret here to verify it with")
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    # The SDK's verifier raises for what is no number, or a long one.
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        return unauthorized("the time of the request is missing or no number")
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE_SECONDS:
        return unauthorized("the request is too old, or one of our clocks is wrong")
    given = request.headers.get("x-slack-signature", "").encode(errors="replace")
    if not hmac.compare_digest(given, signature(secret, timestamp, request.body).encode()):
        return unauthorized("the signature is missing or wrong")
    return None


def unauthorized(why: str) -> ChannelResponse:
    """Return the refusal of a request that does not prove where it comes from."""
    return ChannelResponse(status_code=401, body=why.encode())
