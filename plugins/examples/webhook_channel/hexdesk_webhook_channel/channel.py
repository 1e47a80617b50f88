"""A channel that speaks signed JSON both ways."""

import base64
import hmac
import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec

from hexdesk.core import (
    CallTerms,
    Channel,
    ChannelCapabilities,
    ChannelResponse,
    Connection,
    Inbound,
    InboundFile,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    Receipt,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)

TOLERANCE_SECONDS = 300
SUCCESS, CLIENT_ERROR, ASKS_TO_WAIT = 2, 4, (429, 503)


class WebhookChannelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where answers are posted to, and the secret that signs both directions."""

    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^https?://\S+$")]
    secret: Annotated[str, msgspec.Meta(min_length=16, max_length=500)]


class WebhookChannel(Channel):
    """Posts to `/api/v1/channels/webhook_channel/{integration_id}` come in, answers go out."""

    name = "webhook_channel"
    config: type[msgspec.Struct] = WebhookChannelConfig
    secrets = frozenset({"secret"})
    capabilities = ChannelCapabilities(markdown=True, attachments=True, longest_text=100_000)

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        given, timestamp = (
            request.headers.get(name, "") for name in ("x-signature", "x-timestamp")
        )
        expected = signature(connection.config.secret, timestamp, request.body)
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
            return ChannelResponse(status_code=401, body=b"the signature is wrong")
        # Only now is it a number: what was signed is what this desk and the sender write.
        is_number = re.fullmatch("[0-9]{1,12}", timestamp)
        if not is_number or abs(int(timestamp) - connection.now.timestamp()) > TOLERANCE_SECONDS:
            return ChannelResponse(status_code=401, body=b"the request is too old")
        try:
            return (msgspec.json.decode(request.body, type=InboundMessage),)
        except (msgspec.DecodeError, RecursionError):
            return ChannelResponse(status_code=400, body=b"the body is no message")

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        key = str(message.id)
        answer = {
            "id": key,
            "conversation": message.conversation_key,
            "kind": message.kind,
            "text": message.text,
            "tickets": [one.number for one in message.tickets],
        }
        await self._post(connection, answer, key)
        return Receipt(message_id=key)

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt | None:
        # The receiver dedupes by the idempotency key, so sending again is how one finds out.
        return None

    async def fetch(self, file: InboundFile, connection: Connection) -> AsyncIterator[bytes]:
        # A file comes with its message, in base64; a channel of files elsewhere would go there.
        try:
            yield base64.b64decode(file.reference, validate=True)
        except ValueError as error:
            raise UndeliverableError("its content is not base64") from error

    async def check(self, connection: Connection) -> str:
        return f"the address answered {await self._post(connection, {'kind': 'test'}, 'test')}"

    async def _post(self, connection: Connection, body: dict[str, Any], key: str) -> int:
        content, timestamp = msgspec.json.encode(body), str(int(connection.now.timestamp()))
        headers = {
            "content-type": "application/json",
            "idempotency-key": key,
            "x-timestamp": timestamp,
            "x-signature": signature(connection.config.secret, timestamp, content),
        }
        answer = await connection.http.post(
            connection.config.url, content, headers, terms=CallTerms(follows_redirects=False)
        )
        code, said = answer.status_code, f"the address answered {answer.status_code}"
        if code in ASKS_TO_WAIT:
            seconds = answer.headers.get("retry-after", "")
            raise RetryAfterError(said, retry_after=int(seconds[:9]) if seconds.isdecimal() else 60)
        if code // 100 == CLIENT_ERROR:
            raise UndeliverableError(said)
        if code // 100 != SUCCESS:
            raise UnavailableError(said)
        return code


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body at a time."""
    signed = timestamp.encode(errors="replace") + b"." + body
    return "v1=" + hmac.digest(secret.encode(), signed, "sha256").hex()
