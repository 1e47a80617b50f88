"""A whole desk with a mailbox at a real Dovecot, a relay, and a model."""

import asyncio
import smtplib
import tempfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.resilience.apart import SECRET, made_ready
from tests.e2e.resilience.client import PATIENCE_SECONDS, Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.certificates import certificate
from tests.integration.plugins.email.conftest import running_dovecot
from tests.integration.plugins.email.dovecot_server import PASSWORD, Dovecot
from tests.integration.plugins.email.mail_server import MailServer
from tests.integration.served import free_port

LOOK_AGAIN_SECONDS = 0.05
AUTHSERV_ID = "mx.desk.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDesk:
    """A desk, and the port at which mail is handed over to it."""

    process: Hexdesk
    lmtp_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """A company with a mailbox, and a customer who writes to it."""

    admin: Member
    dovecot: Dovecot
    relay: MailServer
    integration_id: str
    lmtp_port: int

    def brings(self, mail: EmailMessage, *, to: str = "", is_proven: bool = True) -> None:
        """Have the company's mail server take a mail in, and say what it thinks of its sender."""
        passed = "pass" if is_proven else "fail"
        said = f"Authentication-Results: {AUTHSERV_ID}; dmarc={passed} header.from=customer.test"
        self.dovecot.deliver(said.encode() + b"\r\n" + mail.as_bytes(), to=to)

    async def handed_over(self) -> "Correspondence":
        """Return another mailbox of the company, for which mail is handed over."""
        config = {
            "address": "sales@desk.test",
            "smtp_host": "127.0.0.1",
            "smtp_port": self.relay.port,
            "smtp_security": "none",
            "is_handed_over": True,
        }
        wish = {"type": "email", "name": "Sales", "config": config}
        answer = await self.admin.call("POST", "/integrations", wish)
        assert answer.status == 201, answer.body
        return replace(self, integration_id=answer.body["id"])

    async def hand_over(self, mail: EmailMessage) -> None:
        """Hand a mail over to the desk, as its mail server does once it was told for whom."""
        path = f"/integrations/{self.integration_id}/test"
        told = (await self.admin.call("POST", path)).body
        assert told["ok"], told
        inbox = told["detail"].rpartition(" ")[2]

        def talk() -> None:
            with smtplib.LMTP("127.0.0.1", self.lmtp_port) as line:
                line.sendmail("zoe@customer.test", f"{inbox}@desk.internal", mail.as_bytes())

        await asyncio.to_thread(talk)

    async def sent(self, number: int) -> list[EmailMessage]:
        """Wait until so many mails went out, and return them."""
        return await self.relay.has(number, within=PATIENCE_SECONDS)

    async def threads(self, number: int) -> list[dict[str, Any]]:
        """Wait until there are so many conversations, and return them, oldest first."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = (await self.admin.get("/chat/threads?sort=created_at"))["data"]
                if len(found) >= number:
                    return found
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def said(self, text: str, thread: dict[str, Any]) -> None:
        """Wait until this was said in a conversation."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if text in await self.contents(thread):
                    return
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def contents(self, thread: dict[str, Any]) -> list[str]:
        """Return what was said in a conversation."""
        path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
        return [one["content"] for one in (await self.admin.get(path))["data"]]


@pytest.fixture(scope="session")
async def mail_model() -> AsyncGenerator[Model]:
    model = Model()
    async with model.server:
        yield model


@pytest.fixture
def model(mail_model: Model) -> Iterator[Model]:
    yield mail_model
    mail_model.forget()


@pytest.fixture(scope="session")
def mail_pem() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hexdesk-tls-") as folder:
        yield certificate(Path(folder), "mail.desk.test")


@pytest.fixture(scope="session")
def mail_dovecot(mail_pem: Path) -> Iterator[Dovecot]:
    yield from running_dovecot(mail_pem)


@pytest.fixture(scope="session")
def mail_database(postgres_server: EmbeddedPostgres) -> Database:
    return made_ready(postgres_server, "mail")


@pytest.fixture(scope="session")
async def shared_desk(mail_database: Database, mail_model: Model) -> AsyncGenerator[OpenDesk]:
    """One process that does everything, and that tests kill in turn."""
    lmtp_port = free_port()
    settings = {
        "HEXDESK_DATABASE_URL": mail_database.url,
        "HEXDESK_SECRET_KEY": SECRET,
        "HEXDESK_EGRESS_ALLOW_PRIVATE": "true",
        "HEXDESK_RUN_LEASE": "2",
        "HEXDESK_EMAIL_LISTEN": f"lmtp://127.0.0.1:{lmtp_port}",
        **mail_model.settings,
    }
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        settings["HEXDESK_EMAIL_SPOOL_FOLDER"] = f"{folder}/spool"
        async with running(Hexdesk("up", Path(folder), settings)) as (process,):
            yield OpenDesk(process=process, lmtp_port=lmtp_port)


@pytest.fixture
async def desk(shared_desk: OpenDesk) -> Hexdesk:
    """A running desk, whatever the test before left of it."""
    if not shared_desk.process.is_running:
        await shared_desk.process.start()
    return shared_desk.process


@pytest.fixture
async def relay(mail_pem: Path) -> AsyncGenerator[MailServer]:
    server = MailServer(mail_pem)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def mailbox(
    desk: Hexdesk, shared_desk: OpenDesk, mail_dovecot: Dovecot, relay: MailServer
) -> AsyncGenerator[Correspondence]:
    mail_dovecot.renew()
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, verify=False, limits=limits, timeout=PATIENCE_SECONDS
    ) as http:
        admin = await Member.register(http, desk.url)
        config = {
            "address": mail_dovecot.address,
            "authserv_id": AUTHSERV_ID,
            "smtp_host": "127.0.0.1",
            "smtp_port": relay.port,
            "smtp_security": "none",
            "imap_host": "127.0.0.1",
            "imap_port": mail_dovecot.imap_port,
            "imap_security": "none",
            "imap_user": mail_dovecot.user,
            "imap_password": PASSWORD,
        }
        wish = {"type": "email", "name": "Support", "config": config}
        answer = await admin.call("POST", "/integrations", wish)
        assert answer.status == 201, answer.body
        yield Correspondence(
            admin=admin,
            dovecot=mail_dovecot,
            relay=relay,
            integration_id=answer.body["id"],
            lmtp_port=shared_desk.lmtp_port,
        )
