"""Listening for mail that a mail server hands over by LMTP, or by SMTP.

Every process of the desk listens at the same place, and whichever is asked keeps the message in
the spool of its connection. It says that it took it once the message is on the disk; reading it
is another's business.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from hexdesk.core import HostContext
from hexdesk_email.config import LARGEST_MESSAGE, EmailSettings
from hexdesk_email.headers import one_line
from hexdesk_email.spool import AbandonedError, Spool

IDENTITY = "hexdesk"
AIOSMTPD = "mail.log"
SILENT_SECONDS = 60.0
NOBODY = "550 5.1.1 nobody takes mail under this address"
# One answer can then be true of everybody whom the message is for.
ONE_AT_A_TIME = "452 4.5.3 one recipient at a time"
NO_ROOM = "451 4.3.0 it could not be kept, try again"
ABANDONED = "450 4.2.1 nobody has come for this mail for days"
TAKEN = "250 2.0.0 kept"


class Intake:
    """What is said to a mail server, and kept of what it brings; the names are aiosmtpd's."""

    def __init__(self, folder: Path) -> None:
        """Keep mail in the folders of this one: each is a connection's, and named as it is."""
        self._folder = folder

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient who is a connection of the desk."""
        if envelope.rcpt_tos:
            return ONE_AT_A_TIME
        if not await asyncio.to_thread(lambda: self._spool(address).is_there):
            return NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a message with the envelope that it came in."""
        [recipient] = envelope.rcpt_tos
        sender = (envelope.mail_from or "").strip("<>")
        came = f"Return-Path: <{sender}>", f"Delivered-To: {recipient}"
        head = "".join(f"{one_line(line)}\r\n" for line in came).encode()
        try:
            content = bytes(envelope.original_content or b"")
            await asyncio.to_thread(self._spool(recipient).add, head + content)
        except AbandonedError:
            return ABANDONED
        except OSError:
            # aiosmtpd would say 500, and the mail would go back to its sender.
            return NO_ROOM
        return TAKEN

    def _spool(self, address: str) -> Spool:
        name = address.rpartition("@")[0].partition("+")[0].lower()
        # A name with anything else in it is no connection's, and could be a way out of the folder.
        is_name = name.replace("-", "").isalnum() and name.isascii()
        return Spool(self._folder / (name if is_name else "-"))


class Listener:
    """The door of this process, if operators want one."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._servers: list[asyncio.Server] = []
        self._talking: set[SMTP] = set()

    async def open(self, context: HostContext) -> None:
        """Listen where the settings say."""
        settings = context.settings
        if not isinstance(settings, EmailSettings) or settings.door is None:
            return
        # At this level it would log who writes to whom.
        logging.getLogger(AIOSMTPD).setLevel(logging.WARNING)
        kind, host, port = settings.door
        intake = Intake(settings.spool)
        protocol = LMTP if kind == "lmtp" else SMTP
        server = await asyncio.get_running_loop().create_server(
            lambda: self._talk(protocol, intake), host, port, reuse_port=True
        )
        self._servers.append(server)

    async def close(self, _context: HostContext) -> None:
        """Stop listening. Who is cut off in the middle of a message brings it again."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        for talk in list(self._talking):
            if isinstance(talk.transport, asyncio.WriteTransport):
                talk.transport.abort()
        for server in servers:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await server.wait_closed()

    def _talk(self, protocol: type[SMTP], intake: Intake) -> SMTP:
        self._talking = {one for one in self._talking if one.transport is not None}
        talk = protocol(
            intake,
            data_size_limit=LARGEST_MESSAGE,
            hostname=IDENTITY,
            ident=IDENTITY,
            timeout=SILENT_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._talking.add(talk)
        return talk
