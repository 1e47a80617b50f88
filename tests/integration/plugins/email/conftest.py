"""A mailbox at a real Dovecot, and a mail server that takes what the desk sends."""

import ssl
import tempfile
import threading
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.ports.channels import Connection
from hexdesk_email import EmailConfig, EmailSettings, attachments
from hexdesk_email.mail import Mail
from hexdesk_email.parsing import parse_mail
from tests.integration.certificates import certificate
from tests.integration.plugins.email.door import Door, opened
from tests.integration.plugins.email.dovecot_server import (
    PASSWORD,
    Dovecot,
    dovecot_binary,
    reason_to_skip,
)
from tests.integration.plugins.email.mail_server import HOST, MailServer

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(scope="session")
def pem() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tls-") as folder:
        yield certificate(Path(folder), HOST)


@pytest.fixture(scope="session")
def shared_dovecot(pem: Path) -> Iterator[Dovecot]:
    yield from running_dovecot(pem)


@pytest.fixture
def dovecot(shared_dovecot: Dovecot) -> Dovecot:
    """A server whose mailbox is empty, and that others use too."""
    shared_dovecot.renew()
    return shared_dovecot


@pytest.fixture
def own_dovecot(pem: Path) -> Iterator[Dovecot]:
    """A server that may be stopped."""
    yield from running_dovecot(pem)


def running_dovecot(pem: Path) -> Iterator[Dovecot]:
    reason, binary = reason_to_skip(), dovecot_binary()
    if reason is not None or binary is None:
        pytest.skip(str(reason))
    # Its sockets' paths must be short, so not in pytest's own folder.
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-mail-", ignore_cleanup_errors=True) as folder,
        Dovecot(binary, Path(folder), pem) as server,
    ):
        yield server


@pytest.fixture
async def egress() -> AsyncGenerator[HttpEgress]:
    async def this_machine(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    door = HttpEgress(allow_private=True, resolve=this_machine, tls=NO_TLS)
    yield door
    await door.aclose()


@pytest.fixture
async def mail_server(pem: Path) -> AsyncGenerator[MailServer]:
    server = MailServer(pem)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def connect(egress: HttpEgress, pem: Path) -> "Connect":
    return Connect(egress, pem)


@pytest.fixture(params=["lmtp"])
async def door(
    request: pytest.FixtureRequest, connect: "Connect", tmp_path: Path
) -> AsyncGenerator[Door]:
    """Where mail is handed over, by LMTP unless a test says otherwise."""
    async with opened(request.param, connect(is_handed_over=True), tmp_path) as door:
        yield door


@pytest.fixture
def reading_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads that took a message apart for its files: one for each time."""
    threads: list[int] = []

    def noted(raw: bytes) -> Mail:
        threads.append(threading.get_ident())
        return parse_mail(raw)

    monkeypatch.setattr(attachments, "parse_mail", noted)
    return threads


class Connect:
    """Makes connections to whatever runs here."""

    def __init__(self, egress: HttpEgress, pem: Path) -> None:
        self._egress = egress
        self._pem = pem

    def __call__(self, **said: Any) -> Connection:
        """Return a connection with these fields of the configuration."""
        usual: dict[str, Any] = {
            "address": "support@desk.test",
            "from_name": "Desk",
            "smtp_host": HOST,
        }
        return Connection(
            organization_id=UUID(int=10),
            integration_id=UUID(int=11),
            config=EmailConfig(**(usual | said)),
            settings=EmailSettings(ca_file=str(self._pem)),
            http=self._egress,
            key=b"the key of this connection",
            now=datetime.now(UTC),
        )

    def mailbox(self, dovecot: Dovecot, **said: Any) -> Connection:
        """Return a connection to the desk's mailbox at Dovecot."""
        return self(
            **{
                "imap_host": HOST,
                "imap_port": dovecot.imaps_port,
                "address": dovecot.address,
                "imap_user": dovecot.user,
                "imap_password": PASSWORD,
                **said,
            }
        )
