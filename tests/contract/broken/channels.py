"""Channels that are wrong in one way each."""

from collections.abc import Sequence

import msgspec

from hexdesk.core.errors import OutcomeUnknownError
from hexdesk.core.model.channels import (
    ChannelResponse,
    Inbound,
    InboundRequest,
    OutboundMessage,
    Receipt,
)
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import ScriptedChannel


class DoublingChannel(ScriptedChannel):
    """Sends everything twice, to be sure."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        await super().deliver(message, connection)
        return await super().deliver(message, connection)


class HopefulChannel(ScriptedChannel):
    """Takes silence for consent."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        try:
            return await super().deliver(message, connection)
        except OutcomeUnknownError:
            return Receipt(message_id="surely")


class CredulousChannel(ScriptedChannel):
    """Reads what it has not verified."""

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        return msgspec.json.decode(request.body, type=tuple[Inbound, ...])


class ForgetfulNames(ScriptedChannel):
    """Calls all messages the same."""

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        await super().deliver(message, connection)
        return Receipt(message_id="a message")


class TalkativeChannel(ScriptedChannel):
    """Tells the secret to whoever checks the connection."""

    async def check(self, connection: Connection) -> str:
        await super().check(connection)
        return f"the pigeons know {connection.config.secret!r}"
