"""A mail server on loopback that takes mail as told, and keeps what it got."""

import asyncio
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.integration.served import free_port

HOST = "mail.desk.test"
USER, SECRET = "support", "sëcret"


class MailServer:
    """Speaks SMTP in the clear with STARTTLS, and over TLS at another port.

    `answers` are what it says to `MAIL`, `RCPT` and `DATA`, where not that it is well.
    """

    def __init__(self, pem: Path) -> None:
        self.port = free_port()
        self.tls_port = free_port()
        self.answers: dict[str, str] = {}
        self.is_silent = False
        self.got: list[Envelope] = []
        self._news = asyncio.Condition()
        self._servers: list[asyncio.Server] = []
        self._talking: set[SMTP] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pem)

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what it got, taken apart."""
        return [
            message_from_bytes(bytes(one.original_content or b""), EmailMessage, policy=default)
            for one in self.got
        ]

    async def has(self, number: int, within: float) -> list[EmailMessage]:
        """Wait until it got so many mails, and return them."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: len(self.got) >= number)
        return self.mails

    async def start(self) -> None:
        """Open both doors."""
        loop = asyncio.get_running_loop()
        self._servers = [
            await loop.create_server(lambda: self._talk(starttls=True), "127.0.0.1", self.port),
            await loop.create_server(
                lambda: self._talk(starttls=False), "127.0.0.1", self.tls_port, ssl=self._tls
            ),
        ]

    async def stop(self) -> None:
        """Close them, and end every conversation."""
        for server in self._servers:
            server.close()
        for talk in list(self._talking):
            _hang_up(talk)
        for server in self._servers:
            await server.wait_closed()
        self._servers = []

    async def handle_MAIL(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (said := self.answers.get("MAIL")) is None:
            envelope.mail_from = address
        return said or "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (said := self.answers.get("RCPT")) is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if (said := self.answers.get("DATA")) is not None:
            return said
        async with self._news:
            self.got.append(envelope)
            self._news.notify_all()
        if self.is_silent:
            _hang_up(server)
        return "250 OK queued"

    def _talk(self, *, starttls: bool) -> SMTP:
        talk = SMTP(
            self,
            hostname=HOST,
            tls_context=self._tls if starttls else None,
            authenticator=_authenticate,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )
        self._talking.add(talk)
        return talk


def _hang_up(talk: SMTP) -> None:
    if isinstance(talk.transport, asyncio.WriteTransport):
        talk.transport.abort()


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and data == LoginPassword(
        USER.encode(), SECRET.encode()
    )
    return AuthResult(success=is_right, handled=False)
