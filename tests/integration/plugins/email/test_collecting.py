"""What was handed over is taken in once, whatever dies in between."""

import asyncio
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hexdesk.core.errors import StorageUnavailableError, UndeliverableError
from hexdesk.core.model.channels import Inbound, InboundFile
from hexdesk_email import EmailChannel, EmailConfig, attachments
from tests.integration.plugins.email.desk_end import PATIENCE_SECONDS, DeskEnd, running
from tests.integration.plugins.email.door import Door, known
from tests.integration.plugins.email.letters import a_letter, bytes_of


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


async def test_a_mail_is_read_once_for_all_its_files_and_never_where_others_wait(
    door: Door, reading_threads: list[int]
) -> None:
    mail = a_letter("see the files")
    for number in range(3):
        mail.add_attachment(b"%d" % number, maintype="text", subtype="csv", filename="list.csv")
    await known(door)
    await door.brings(bytes_of(mail))
    async with running(door.connection, desk := DeskEnd()):
        [message] = await desk.has(1)
    channel = EmailChannel()
    for number, file in enumerate(message.files):
        parts = [part async for part in channel.fetch(file, door.connection)]
        assert b"".join(parts) == b"%d" % number
    assert len(reading_threads) == 1
    assert threading.get_ident() not in reading_threads
    # What was kept is kept for its own mailbox alone.
    other = replace(door.connection, integration_id=uuid4())
    _ = [part async for part in channel.fetch(message.files[0], other)]
    assert len(reading_threads) == 2


async def test_no_more_is_kept_than_one_large_mail_holds(
    door: Door, reading_threads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "KEPT_BYTES", 100)
    await known(door)
    for letter in (b"a", b"b"):
        mail = a_letter("see the files")
        for _ in range(2):
            mail.add_attachment(letter * 30, maintype="text", subtype="csv", filename="x.csv")
        await door.brings(bytes_of(mail))
    async with running(door.connection, desk := DeskEnd()):
        first, second = await desk.has(2)
    channel = EmailChannel()
    for file in (*first.files, *second.files, *first.files):
        _ = [part async for part in channel.fetch(file, door.connection)]
    assert len(reading_threads) == 3


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
