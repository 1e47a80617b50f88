"""What a mail server hands over is on the disk before it is read, or refused in plain words."""

import asyncio
import os
import smtplib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core import HostContext
from hexdesk.core.errors import UnavailableError
from hexdesk_email import EmailChannel, EmailSettings
from hexdesk_email.collecting import inbox_of
from hexdesk_email.listener import Listener
from hexdesk_email.marks import Marks
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import PATIENCE_SECONDS, DeskEnd, running
from tests.integration.plugins.email.door import Door, known
from tests.integration.plugins.email.mail_server import MailServer


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


async def test_who_is_cut_off_in_the_middle_brings_it_again(door: Door) -> None:
    await known(door)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    await reader.readline()
    recipient = f"{door.inbox}@desk.internal"
    for line in ("LHLO mx", "MAIL FROM:<a@b.test>", f"RCPT TO:<{recipient}>", "DATA", "half of"):
        writer.write(f"{line}\r\n".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await reader.readline()).startswith(b"354"):
            pass
    await door.closes()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b"250" not in await reader.read()
    writer.close()
    assert door.lying_in("new") == door.lying_in("tmp") == []


async def test_several_processes_listen_at_one_place_and_one_may_end(door: Door) -> None:
    there = door.connection
    context, another = HostContext(settings=there.settings, http=there.http), Listener()
    await another.open(context)
    await known(door)
    await door.closes()
    for text in ("the first", "the second"):
        await door.brings(text)
    await another.close(context)
    with pytest.raises(ConnectionRefusedError):
        await door.brings("the third")
    assert len(door.lying_in("new")) == 2
