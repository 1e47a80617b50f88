"""What comes to a mailbox is taken in once, whatever dies in between."""

import asyncio

import pytest

from hexdesk.core.errors import (
    NotFoundError,
    StorageUnavailableError,
    UnavailableError,
)
from hexdesk.core.model.channels import Inbound
from hexdesk_email import EmailChannel
from hexdesk_email.mailbox import QUARANTINED, STORED
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import PATIENCE_SECONDS, DeskEnd, running
from tests.integration.plugins.email.dovecot_server import Dovecot
from tests.integration.plugins.email.letters import a_letter, bytes_of


def bring(dovecot: Dovecot, text: str = "Where is my parcel?") -> None:
    dovecot.deliver(bytes_of(a_letter(text)))


async def test_mail_is_taken_that_was_there_and_that_comes(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk = DeskEnd()
    bring(dovecot, "the first")
    async with running(connect.mailbox(dovecot), desk):
        await desk.has(1)
        bring(dovecot, "the second")
        await desk.has(2)
        bring(dovecot, "the third")
        kept = await desk.has(3)
    assert [message.text for message in kept] == ["the first", "the second", "the third"]
    assert kept[0].sender.email == "zoe@customer.test"
    assert kept[0].sender.name == "Zoë"
    assert kept[0].subject == "My parcel"
    assert len({message.dedupe_key for message in kept}) == 3


async def test_mail_is_marked_once_it_is_stored_and_not_taken_again(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk, there = DeskEnd(), connect.mailbox(dovecot)
    bring(dovecot, "the first")
    async with running(there, desk):
        bring(dovecot, "the second")
        await desk.has(2)
        bring(dovecot, "the third")
        await desk.has(3)
    first, second, *_ = dovecot.flags()
    assert {r"\Seen", STORED} <= first
    assert {r"\Seen", STORED} <= second
    again = DeskEnd()
    async with running(there, again):
        bring(dovecot, "the fourth")
        kept = await again.has(1)
    assert "the first" not in [message.text for message in kept]


async def test_mail_that_was_stored_and_not_marked_comes_again_under_the_same_key(
    dovecot: Dovecot, connect: Connect
) -> None:
    stored: list[Inbound] = []
    is_stored = asyncio.Event()

    async def store_and_die(inbound: Inbound) -> None:
        stored.append(inbound)
        is_stored.set()
        await asyncio.Event().wait()

    there = connect.mailbox(dovecot)
    bring(dovecot)
    dying = asyncio.create_task(EmailChannel().run(there, store_and_die))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await is_stored.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    desk = DeskEnd()
    async with running(there, desk):
        [again] = await desk.has(1)
    assert again.dedupe_key == stored[0].dedupe_key


async def test_mail_waits_while_the_storage_is_down_and_no_message_is_blamed(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk, there = DeskEnd(), connect.mailbox(dovecot)
    bring(dovecot)
    for error in (StorageUnavailableError("the storage is gone"), NotFoundError("no connection")):
        desk.fails["parcel"] = error
        for _ in range(3):
            with pytest.raises(type(error)):
                await EmailChannel().run(there, desk.emit)
    assert STORED not in dovecot.flags()[0]
    desk.fails.clear()
    async with running(there, desk):
        await desk.has(1)


async def test_a_message_that_cannot_be_stored_is_kept_bare_and_holds_up_nothing(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk = DeskEnd()
    desk.fails["poison"] = ValueError("this cannot be stored")
    bring(dovecot, "poison")
    bring(dovecot, "the first")
    async with running(connect.mailbox(dovecot), desk):
        await desk.has(1)
        bring(dovecot, "the second")
        await desk.has(2)
        bring(dovecot, "the third")
        kept = await desk.has(4)
    texts = [message.text for message in kept]
    assert texts[:2] == ["the first", "the second"]
    assert "could not be stored" in texts[2]
    assert kept[2].dedupe_key == desk.offered[0].dedupe_key


async def test_a_message_that_can_never_be_stored_is_put_into_quarantine(
    dovecot: Dovecot, connect: Connect
) -> None:
    with dovecot.opened() as program:
        program.create("Quarantine")
    desk = DeskEnd()
    desk.fails = {
        "poison": ValueError("this cannot be stored"),
        "could not be": ValueError("nor can this"),
    }
    there = connect.mailbox(dovecot, imap_quarantine_folder="Quarantine")
    bring(dovecot, "poison")
    for number in range(1, 5):
        # Each time another process, which knows nothing of the tries before.
        bring(dovecot, f"number {number}")
        async with running(there, desk):
            await desk.has(number)
    async with running(there, desk):
        bring(dovecot, "after all")
        await desk.has(5)
    [flags] = dovecot.flags("Quarantine")
    assert {r"\Flagged", QUARANTINED} <= flags
    assert [one.text for one in desk.offered].count("poison") == 3


async def test_a_server_that_goes_away_is_told_of_and_found_again(
    own_dovecot: Dovecot, connect: Connect
) -> None:
    desk, there = DeskEnd(), connect.mailbox(own_dovecot)
    async with running(there, desk) as task:
        bring(own_dovecot, "the first")
        await desk.has(1)
        own_dovecot.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(UnavailableError):
                await task
    with pytest.raises(UnavailableError):
        await EmailChannel().run(there, desk.emit)
    own_dovecot.start()
    bring(own_dovecot, "the second")
    async with running(there, desk):
        kept = await desk.has(2)
    assert [message.text for message in kept] == ["the first", "the second"]


async def test_mail_that_was_read_before_the_desk_came_is_left_alone(
    dovecot: Dovecot, connect: Connect
) -> None:
    bring(dovecot, "an old story")
    with dovecot.opened() as program:
        program.store("1", "+FLAGS", r"\Seen")
    bring(dovecot, "a new one")
    desk = DeskEnd()
    async with running(connect.mailbox(dovecot), desk):
        await desk.has(1)
        bring(dovecot, "a newer one")
        kept = await desk.has(2)
    assert [message.text for message in kept] == ["a new one", "a newer one"]


async def test_mail_that_somebody_read_before_the_desk_did_is_taken_all_the_same(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk, there = DeskEnd(), connect.mailbox(dovecot)
    bring(dovecot, "the first")
    async with running(there, desk):
        await desk.has(1)
        bring(dovecot, "the last before a pause")
        await desk.has(2)
    # Found in the spam folder, read there, and moved: by its date and flags it is old.
    with dovecot.opened() as program:
        program.append("INBOX", r"(\Seen)", "", bytes_of(a_letter("rescued")))
    async with running(there, desk):
        kept = await desk.has(3)
    assert kept[2].text == "rescued"


async def test_a_server_that_does_not_tell_is_asked(own_dovecot: Dovecot, connect: Connect) -> None:
    own_dovecot.restart("protocol imap {\n  imap_capability = IMAP4rev1\n}")
    desk = DeskEnd()
    async with running(connect.mailbox(own_dovecot, poll_seconds=1), desk):
        bring(own_dovecot, "the first")
        await desk.has(1)
        bring(own_dovecot, "the second")
        await desk.has(2)


@pytest.mark.parametrize("more", ["", "protocol imap {\n  imap_capability = IMAP4rev1\n}"])
async def test_mail_is_moved_where_it_is_wanted_once_it_is_stored(
    own_dovecot: Dovecot, connect: Connect, more: str
) -> None:
    own_dovecot.restart(more)
    with own_dovecot.opened() as program:
        program.create('"Fertig &- &ANw-brig"')
    desk = DeskEnd()
    there = connect.mailbox(own_dovecot, imap_done_folder="Fertig & Übrig", poll_seconds=1)
    async with running(there, desk):
        bring(own_dovecot, "the first")
        await desk.has(1)
        bring(own_dovecot, "the second")
        await desk.has(2)
    first, *_ = own_dovecot.flags('"Fertig &- &ANw-brig"')
    assert {r"\Seen", STORED} <= first


async def test_mail_that_cannot_be_moved_is_not_taken_twice(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk = DeskEnd()
    there = connect.mailbox(dovecot, imap_done_folder="No such folder")
    async with running(there, desk):
        bring(dovecot, "the first")
        await desk.has(1)
        bring(dovecot, "the second")
        await desk.has(2)
    async with running(there, desk):
        bring(dovecot, "the third")
        await desk.has(3)
    assert len(desk.offered) == 3


async def test_of_mail_that_is_too_large_only_the_headers_are_taken(
    dovecot: Dovecot, connect: Connect
) -> None:
    desk = DeskEnd()
    bring(dovecot, "far too much " * 1000)
    async with running(connect.mailbox(dovecot, max_message_bytes=2_000), desk):
        [message] = await desk.has(1)
    assert message.subject == "My parcel"
    assert "could not be read" in message.text
    assert "far too much" not in message.text
