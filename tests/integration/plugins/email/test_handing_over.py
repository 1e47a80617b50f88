"""What a mail server hands over is on the disk before it is read, and taken in once."""

import asyncio
import os
import smtplib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core import HostContext
from hexdesk.core.errors import StorageUnavailableError, UnavailableError, UndeliverableError
from hexdesk.core.model.channels import Inbound, InboundFile
from hexdesk.core.ports.channels import Connection
from hexdesk_email import EmailChannel, EmailConfig, EmailSettings
from hexdesk_email.collecting import inbox_of, spool_of
from hexdesk_email.listener import Listener
from hexdesk_email.marks import Marks
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import PATIENCE_SECONDS, DeskEnd, running
from tests.integration.plugins.email.letters import a_letter, bytes_of
from tests.integration.plugins.email.mail_server import MailServer, free_port

CLIENTS = {"lmtp": smtplib.LMTP, "smtp": smtplib.SMTP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where mail is handed over for one connection, and where it is kept."""

    kind: str
    port: int
    connection: Connection

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
        client: str = "",
    ) -> dict[str, tuple[int, bytes]]:
        """Bring a mail as a mail server does; return who was refused."""
        raw = bytes_of(a_letter(mail)) if isinstance(mail, str) else mail

        def hand_over() -> dict[str, tuple[int, bytes]]:
            with CLIENTS[client or self.kind]("127.0.0.1", self.port) as line:
                return line.sendmail(sender, to or (f"{self.inbox}@desk.internal",), raw)

        return await asyncio.to_thread(hand_over)

    def lying_in(self, folder: str) -> list[Path]:
        return sorted((self.spool / folder).iterdir())


@pytest.fixture(params=["lmtp"])
async def door(
    request: pytest.FixtureRequest, connect: Connect, egress: HttpEgress, tmp_path: Path
) -> AsyncGenerator[Door]:
    port = free_port()
    kind: str = request.param
    settings = EmailSettings(listen=f"{kind}://127.0.0.1:{port}", spool_folder=str(tmp_path))
    listener, context = Listener(), HostContext(settings=settings, http=egress)
    await listener.open(context)
    connection = replace(connect(is_handed_over=True), settings=settings)
    yield Door(kind=kind, port=port, connection=connection)
    await listener.close(context)


async def known(door: Door) -> None:
    """Have somebody have come for the mail, so that there is a place for it."""
    await asyncio.to_thread(spool_of(door.config, door.connection).show_life)


@pytest.mark.parametrize("door", ["lmtp", "smtp"], indirect=True)
async def test_mail_is_taken_that_was_handed_over_before_and_that_comes(door: Door) -> None:
    desk = DeskEnd()
    await known(door)
    await door.brings("the first")
    async with running(door.connection, desk):
        await desk.has(1)
        await door.brings("the second")
        kept = await desk.has(2)
    assert [message.text for message in kept] == ["the first", "the second"]
    assert kept[0].sender.email == "zoe@customer.test"


async def test_mail_is_on_the_disk_as_it_came_before_anybody_reads_it(door: Door) -> None:
    await known(door)
    poison = b"From: zoe@customer.test\r\nContent-Type: multipart/mixed\r\n\r\n\xff\x00.\r\n"
    await door.brings(poison)
    [path] = door.lying_in("new")
    recipient = f"{door.inbox}@desk.internal".encode()
    head = b"Return-Path: <zoe@customer.test>\r\nDelivered-To: " + recipient + b"\r\n"
    assert path.read_bytes() == head + poison
    assert path.stat().st_mode & 0o777 & ~0o644 == 0
    assert door.lying_in("tmp") == []


async def test_whom_nobody_knows_is_refused(door: Door) -> None:
    await known(door)
    hostile = f"../{door.inbox}", ".", "..", "support", f"{door.inbox}/new", "-", "ïn-ä"
    for name in hostile:
        with pytest.raises((smtplib.SMTPRecipientsRefused, UnicodeEncodeError)):
            await door.brings("Hello?", to=(f"{name}@desk.internal",))
    assert door.lying_in("new") == []


async def test_one_recipient_is_taken_at_a_time(door: Door) -> None:
    await known(door)
    refused = await door.brings(
        "Hello?", to=(f"{door.inbox}@desk.internal", f"{door.inbox}+b@desk.internal")
    )
    assert refused == {f"{door.inbox}+b@desk.internal": (452, b"4.5.3 one recipient at a time")}
    assert len(door.lying_in("new")) == 1


async def test_a_conversation_is_found_by_the_tag_of_whom_it_was_handed_over_for(
    door: Door,
) -> None:
    desk, marks = DeskEnd(), Marks(key=door.connection.key, address=door.config.address)
    key = "abcdefghijklmnop"
    tag = str(marks.reply_address(key)).partition("@")[0].partition("+")[2]
    await known(door)
    await door.brings("Thanks!", to=(f"{door.inbox.upper()}+{tag}@desk.internal",))
    async with running(door.connection, desk):
        [message] = await desk.has(1)
    assert message.conversation_key == key


async def test_what_comes_without_a_sender_is_known_for_automatic(door: Door) -> None:
    desk = DeskEnd()
    await known(door)
    await door.brings("Not delivered.", sender="")
    async with running(door.connection, desk):
        [message] = await desk.has(1)
    assert message.automated == "it has no return path"


async def test_a_disk_that_takes_nothing_has_the_server_try_again(door: Door) -> None:
    await known(door)
    (door.spool / "tmp").rmdir()
    with pytest.raises(smtplib.SMTPDataError) as raised:
        await door.brings("Hello?")
    assert raised.value.smtp_code == 451
    await known(door)
    await door.brings("Hello again?")
    assert len(door.lying_in("new")) == 1


async def test_mail_that_nobody_has_come_for_in_days_is_not_taken(door: Door) -> None:
    await known(door)
    long_ago = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    os.utime(door.spool / "alive", (long_ago, long_ago))
    with pytest.raises(smtplib.SMTPDataError) as raised:
        await door.brings("Hello?")
    assert raised.value.smtp_code == 450
    assert door.lying_in("new") == door.lying_in("tmp") == []


async def test_mail_that_was_stored_and_not_put_away_comes_again_under_the_same_key(
    door: Door,
) -> None:
    stored: list[Inbound] = []
    is_stored = asyncio.Event()

    async def store_and_die(inbound: Inbound) -> None:
        stored.append(inbound)
        is_stored.set()
        await asyncio.Event().wait()

    await known(door)
    await door.brings("Hello?")
    dying = asyncio.create_task(EmailChannel().run(door.connection, store_and_die))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await is_stored.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    async with running(door.connection, desk := DeskEnd()):
        [again] = await desk.has(1)
    assert again.dedupe_key == stored[0].dedupe_key


async def test_a_message_that_can_never_be_stored_is_put_into_quarantine(door: Door) -> None:
    desk = DeskEnd()
    desk.fails = {
        "poison": ValueError("this cannot be stored"),
        "could not be": ValueError("nor can this"),
    }
    await known(door)
    await door.brings("poison")
    for number in range(1, 6):
        # Each time another process, which knows nothing of the tries before.
        await door.brings(f"number {number}")
        async with running(door.connection, desk):
            await desk.has(number)
    [path] = door.lying_in("quarantine")
    assert b"poison" in path.read_bytes()
    assert [one.text for one in desk.offered].count("poison") == 3


async def test_mail_waits_while_the_storage_is_down_and_no_message_is_blamed(door: Door) -> None:
    desk = DeskEnd()
    desk.fails["Hello"] = StorageUnavailableError("the storage is gone")
    await known(door)
    await door.brings("Hello?")
    for _ in range(4):
        with pytest.raises(StorageUnavailableError):
            await EmailChannel().run(door.connection, desk.emit)
    desk.fails.clear()
    async with running(door.connection, desk):
        [message] = await desk.has(1)
    assert message.text == "Hello?"


async def test_files_are_fetched_from_what_was_kept(door: Door) -> None:
    mail = a_letter("see the file")
    mail.add_attachment(b"1,2\n" * 50_000, maintype="text", subtype="csv", filename="list.csv")
    await known(door)
    await door.brings(bytes_of(mail))
    async with running(door.connection, desk := DeskEnd()):
        [message] = await desk.has(1)
    [file] = message.files
    channel = EmailChannel()
    assert b"".join([part async for part in channel.fetch(file, door.connection)]) == (
        b"1,2\n" * 50_000
    )
    for reference in ('{"spooled":"../alive"}', file.reference.replace('"file":0', '"file":7')):
        gone = InboundFile(filename="list.csv", reference=reference)
        with pytest.raises(UndeliverableError):
            await anext(aiter(channel.fetch(gone, door.connection)))


async def test_what_was_taken_is_forgotten_after_a_while(door: Door) -> None:
    await known(door)
    await door.brings("an old story")
    async with running(door.connection, desk := DeskEnd()):
        await desk.has(1)
        await door.brings("a new one")
        await desk.has(2)
        await door.brings("a newer one")
        await desk.has(3)
    old, *_ = door.lying_in("done")
    long_ago = (datetime.now(UTC) - timedelta(days=15)).timestamp()
    os.utime(old, (long_ago, long_ago))
    async with running(door.connection, desk):
        await door.brings("the newest")
        await desk.has(4)
        await door.brings("the last")
        await desk.has(5)
    assert not old.exists()


async def test_of_mail_that_is_too_large_only_the_headers_are_taken(door: Door) -> None:
    await known(door)
    await door.brings("far too much " * 1000)
    config = EmailConfig(
        address="support@desk.test",
        smtp_host="smtp.desk.test",
        is_handed_over=True,
        max_message_bytes=2_000,
    )
    async with running(replace(door.connection, config=config), desk := DeskEnd()):
        [message] = await desk.has(1)
    assert message.subject == "My parcel"
    assert "could not be read" in message.text


async def test_each_connection_has_its_own_place_that_nobody_can_guess(door: Door) -> None:
    theirs = replace(door.connection, key=b"another key", integration_id=UUID(int=12))
    assert inbox_of(door.config, theirs) != door.inbox
    assert len(door.inbox) == len("in-") + 16


async def test_where_operators_listen_for_nothing_it_says_so(
    connect: Connect, egress: HttpEgress, mail_server: MailServer
) -> None:
    there = connect(is_handed_over=True, smtp_port=mail_server.port)
    listener, context = Listener(), HostContext(settings=there.settings, http=egress)
    await listener.open(context)
    for asked in (
        EmailChannel().run(there, DeskEnd().emit),
        EmailChannel().check(there),
    ):
        with pytest.raises(UnavailableError, match="HEXDESK_EMAIL_LISTEN"):
            await asked
    await listener.close(context)


async def test_a_check_says_for_whom_mail_is_to_be_handed_over(
    door: Door, connect: Connect, mail_server: MailServer
) -> None:
    config = connect(is_handed_over=True, smtp_port=mail_server.port, smtp_security="none").config
    there = replace(door.connection, config=config)
    said = await EmailChannel().check(there)
    assert said.endswith(f"hand over what comes for {door.inbox}")
    # From now on it is taken, whether or not somebody listens already.
    await door.brings("Hello?")
    nowhere = EmailSettings(listen=there.settings.listen, spool_folder="/dev/null")
    with pytest.raises(UnavailableError, match="cannot keep"):
        await EmailChannel().check(replace(there, settings=nowhere))
    with pytest.raises(UnavailableError, match="cannot read"):
        await EmailChannel().run(replace(there, settings=nowhere), DeskEnd().emit)


async def test_who_is_cut_off_in_the_middle_brings_it_again(
    connect: Connect, egress: HttpEgress, tmp_path: Path
) -> None:
    port = free_port()
    settings = EmailSettings(listen=f"lmtp://127.0.0.1:{port}", spool_folder=str(tmp_path))
    listener, context = Listener(), HostContext(settings=settings, http=egress)
    await listener.open(context)
    there = Door(
        kind="lmtp",
        port=port,
        connection=replace(connect(is_handed_over=True), settings=settings),
    )
    await known(there)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    recipient = f"{there.inbox}@desk.internal"
    for line in ("LHLO mx", "MAIL FROM:<a@b.test>", f"RCPT TO:<{recipient}>", "DATA", "half of"):
        writer.write(f"{line}\r\n".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await reader.readline()).startswith(b"354"):
            pass
    await listener.close(context)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b"250" not in await reader.read()
    writer.close()
    assert there.lying_in("new") == there.lying_in("tmp") == []
