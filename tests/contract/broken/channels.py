"""Channels that are wrong in one way each, and the system that they speak to."""

from collections.abc import Mapping, Sequence

import msgspec

from hexdesk.core import (
    CallTerms,
    ChannelResponse,
    Connection,
    Egress,
    EgressAnswer,
    Inbound,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    OutcomeUnknownError,
    Receipt,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.testing.channels_contract import Mood, OtherSystem
from hexdesk_webhook_channel.channel import WebhookChannel

STATUS = {Mood.WELL: 200, Mood.BUSY: 429, Mood.REFUSING: 410}
USUAL = CallTerms()


class Elsewhere(OtherSystem, Egress):
    """The other system, and the way to it."""

    def __init__(self) -> None:
        self.mood = Mood.WELL
        self.bodies: list[bytes] = []

    async def be(self, mood: Mood) -> None:
        self.mood = mood

    def taken(self) -> Sequence[str]:
        return [msgspec.json.decode(body)["text"] for body in self.bodies]

    def check(self, url: str) -> None:
        pass

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        return ("192.0.2.1",)

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL,
    ) -> EgressAnswer:
        if self.mood is Mood.GONE:
            raise UnavailableError("it cannot be reached")
        if self.mood in {Mood.WELL, Mood.SILENT}:
            self.bodies.append(body)
        if self.mood is Mood.SILENT:
            raise OutcomeUnknownError("it went away")
        return EgressAnswer(status_code=STATUS[self.mood], headers={}, body=b"")


class BelievingChannel(WebhookChannel):
    """Reads what is posted, whoever has signed it."""

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        try:
            return (msgspec.json.decode(request.body, type=InboundMessage),)
        except (ValueError, RecursionError):
            return ChannelResponse(status_code=400, body=b"the body is no message")


class StumblingChannel(WebhookChannel):
    """Reads before it verifies, and falls over what cannot be read."""

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        msgspec.json.decode(request.body)
        return super().receive(request, connection)


class ForgetfulChannel(WebhookChannel):
    """Gives what comes again another key, so that it is answered twice."""

    def __init__(self) -> None:
        self.count = 0

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        said = super().receive(request, connection)
        if isinstance(said, ChannelResponse):
            return said
        self.count += 1
        return [msgspec.structs.replace(one, dedupe_key=str(self.count)) for one in said]


class DoublingChannel(WebhookChannel):
    """Delivers twice, to be sure."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        await super().deliver(message, connection)
        return await super().deliver(message, connection)


class NamelessChannel(WebhookChannel):
    """Calls all messages the same."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        await super().deliver(message, connection)
        return Receipt(message_id="a message")


class HopefulChannel(WebhookChannel):
    """Takes silence for success."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        try:
            return await super().deliver(message, connection)
        except OutcomeUnknownError:
            return Receipt(message_id=str(message.id))


class ImpatientChannel(WebhookChannel):
    """Gives up on a system that only wants to be asked later."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        try:
            return await super().deliver(message, connection)
        except RetryAfterError as error:
            raise UndeliverableError("it is busy") from error


class StubbornChannel(WebhookChannel):
    """Tries for ever what is never taken."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        try:
            return await super().deliver(message, connection)
        except UndeliverableError as error:
            raise UnavailableError("not yet") from error


class TalkativeChannel(WebhookChannel):
    """Tells the secret to whoever asks how it is."""

    async def check(self, connection: Connection) -> str:
        return f"{await super().check(connection)}, and {connection.config} is in use"
