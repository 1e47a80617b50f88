"""Webhooks: who wants to hear of what, and how what they are sent is signed.

The scheme is that of https://www.standardwebhooks.com, symmetric.
"""

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime

import msgspec

from hexdesk.core.model.webhooks import EventType

SECRET_PREFIX = "whsec_"
EVERYTHING = "*"
PATTERNS = frozenset({EVERYTHING, *(f"{name.partition('.')[0]}.*" for name in EventType)})
KNOWN_EVENTS = frozenset({*EventType, *PATTERNS})


def wants(events: Iterable[str], event_type: str) -> bool:
    """Tell whether whoever asked for these events wants to hear of that one; none means all."""
    asked = frozenset(events)
    pattern = f"{event_type.partition('.')[0]}.*"
    return not asked or not asked.isdisjoint({event_type, pattern, EVERYTHING})


def event_body(event_type: str, at: datetime, data: object) -> bytes:
    """Return what is sent of an event."""
    return msgspec.json.encode({"type": event_type, "timestamp": at, "data": data})


def signing_key(secret: str) -> bytes:
    """Return the key in a secret: what follows `whsec_` in base64, or else the text's own bytes.

    Raise `ValueError` if what follows `whsec_` is not base64 or nothing.
    """
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    encoded = secret.removeprefix(SECRET_PREFIX)
    # Whether padding was written makes no difference to anybody's library.
    padded = encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)
    try:
        key = base64.b64decode(padded, validate=True)
    except ValueError as error:
        raise ValueError("what follows whsec_ is not base64") from error
    if not key:
        raise ValueError("nothing follows whsec_")
    return key


def webhook_headers(event_id: str, at: datetime, body: bytes, secret: str | None) -> dict[str, str]:
    """Return the headers of an attempt to send an event; signed if there is a secret."""
    timestamp = str(int(at.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
    }
    if secret is None:
        return headers
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(signing_key(secret), signed, "sha256")
    return headers | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
