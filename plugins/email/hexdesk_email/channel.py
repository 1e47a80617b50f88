"""The channel: verifies nothing that comes by HTTP, takes in mail, delivers by SMTP."""

import asyncio
import logging
from collections.abc import AsyncIterable
from typing import Any, cast

from hexdesk.core import (
    Channel,
    ChannelCapabilities,
    ChannelResponse,
    Connection,
    DeskError,
    Emit,
    InboundFile,
    InboundRequest,
    OutboundMessage,
    OutcomeUnknownError,
    Receipt,
    Source,
)
from hexdesk_email import imap, smtp
from hexdesk_email.attachments import Attachments, message_with_id
from hexdesk_email.collecting import collect, inbox_of, prepare
from hexdesk_email.config import SECRETS, EmailConfig
from hexdesk_email.mailbox import watch
from hexdesk_email.outbound import Letter, letter_of
from hexdesk_email.reading import reading_of

LOG = logging.getLogger("hexdesk.email")
LONGEST_TEXT = 100_000


class EmailChannel(Channel, Source):
    """Customers write to a mailbox, and are answered from its address."""

    name = "email"
    config = EmailConfig
    secrets = SECRETS
    capabilities = ChannelCapabilities(
        markdown=True, attachments=True, threads=True, longest_text=LONGEST_TEXT
    )

    def __init__(self) -> None:
        """Begin without anything of the past."""
        self._attachments = Attachments()

    def receive(self, request: InboundRequest, connection: Connection) -> ChannelResponse:
        return ChannelResponse(status_code=404, body=b"e-mail comes by mail")

    async def run(self, connection: Connection, emit: Emit) -> None:
        config = _config(connection)
        if config.is_handed_over:
            await collect(config, connection, emit)
        if config.imap_host is None:
            # Nothing comes in, and nothing is wrong with that.
            await asyncio.Event().wait()
        await watch(config, connection, emit)

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        config = _config(connection)
        letter = letter_of(message, config, reading_of(config, connection).marks)
        await smtp.send(letter, config, connection)
        # From here on it is sent: whatever goes wrong now must not send it again.
        if config.imap_files_sent and config.imap_sent_folder is not None:
            await self._file(letter, config, connection)
        return _receipt(letter)

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt:
        config = _config(connection)
        letter = letter_of(message, config, reading_of(config, connection).marks)
        if config.imap_host is not None and config.imap_sent_folder is not None:
            async with imap.signed_in(config, connection) as client:
                if await message_with_id(client, config.imap_sent_folder, letter.message_id):
                    return _receipt(letter)
        # A message that was not filed may have been sent all the same.
        raise OutcomeUnknownError("nothing tells whether the e-mail was sent")

    def fetch(self, file: InboundFile, connection: Connection) -> AsyncIterable[bytes]:
        return self._attachments.fetch(file, _config(connection), connection)

    async def check(self, connection: Connection) -> str:
        config = _config(connection)
        async with smtp.signed_in(config, connection):
            pass
        said = f"{config.smtp_host} takes mail"
        if config.is_handed_over:
            await prepare(config, connection)
            return f"{said}; hand over what comes for {inbox_of(config, connection)}"
        if config.imap_host is None:
            return f"{said}; no mail comes in"
        async with imap.signed_in(config, connection) as client:
            folder = await client.open_folder(config.imap_folder, to_read=True)
        return f"{said}; {config.imap_host} has {folder.messages} messages in {config.imap_folder}"

    async def _file(self, letter: Letter, config: EmailConfig, connection: Connection) -> None:
        try:
            async with imap.signed_in(config, connection) as client:
                await client.append(config.imap_sent_folder or "", letter.raw)
        except DeskError as error:
            LOG.warning("sent e-mail not filed", extra={"reason": str(error)})


def _config(connection: Connection) -> EmailConfig:
    return cast("EmailConfig", connection.config)


def _receipt(letter: Letter) -> Receipt:
    hints: dict[str, Any] = letter.hints
    return Receipt(message_id=letter.message_id, hints=hints)
