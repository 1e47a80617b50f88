"""Where mail is handed over to the desk, as the mail server before it sees it."""

import asyncio
import smtplib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hexdesk.core import HostContext
from hexdesk.core.ports.channels import Connection
from hexdesk_email import EmailConfig, EmailSettings
from hexdesk_email.collecting import inbox_of, spool_of
from hexdesk_email.listener import Listener
from tests.integration.plugins.email.letters import a_letter, bytes_of
from tests.integration.served import free_port

CLIENTS = {"lmtp": smtplib.LMTP, "smtp": smtplib.SMTP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where mail is handed over for one connection, and where it is kept."""

    kind: str
    port: int
    connection: Connection
    listener: Listener

    async def closes(self) -> None:
        """Close it, as a process of the desk does that ends."""
        context = HostContext(settings=self.connection.settings, http=self.connection.http)
        await self.listener.close(context)

    @property
    def config(self) -> EmailConfig:
        return self.connection.config

    @property
    def inbox(self) -> str:
        return inbox_of(self.config, self.connection)

    @property
    def spool(self) -> Path:
        return self.connection.settings.spool / self.inbox

    async def brings(
        self,
        mail: str | bytes,
        *,
        to: tuple[str, ...] = (),
        sender: str = "zoe@customer.test",
    ) -> dict[str, tuple[int, bytes]]:
        """Bring a mail as a mail server does; return who was refused."""
        raw = bytes_of(a_letter(mail)) if isinstance(mail, str) else mail

        def hand_over() -> dict[str, tuple[int, bytes]]:
            with CLIENTS[self.kind]("127.0.0.1", self.port) as line:
                return line.sendmail(sender, to or (f"{self.inbox}@desk.internal",), raw)

        return await asyncio.to_thread(hand_over)

    def lying_in(self, folder: str) -> list[Path]:
        return sorted((self.spool / folder).iterdir())


@asynccontextmanager
async def opened(kind: str, connection: Connection, spool: Path) -> AsyncGenerator[Door]:
    """Open the door for a connection whose mail is handed over, for as long as the block lasts."""
    port = free_port()
    settings = EmailSettings(listen=f"{kind}://127.0.0.1:{port}", spool_folder=str(spool))
    listener, context = Listener(), HostContext(settings=settings, http=connection.http)
    await listener.open(context)
    door = Door(
        kind=kind, port=port, connection=replace(connection, settings=settings), listener=listener
    )
    try:
        yield door
    finally:
        await door.closes()


async def known(door: Door) -> None:
    """Have somebody have come for the mail, so that there is a place for it."""
    await asyncio.to_thread(spool_of(door.config, door.connection).show_life)
