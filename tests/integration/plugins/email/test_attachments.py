"""Files are fetched from the mailbox when they are wanted."""

import threading

import pytest

from hexdesk.core.errors import (
    UndeliverableError,
)
from hexdesk.core.model.channels import InboundFile
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import DeskEnd, running
from tests.integration.plugins.email.dovecot_server import Dovecot
from tests.integration.plugins.email.letters import a_letter, bytes_of


async def test_files_are_fetched_from_where_their_mail_lies_by_now(
    dovecot: Dovecot, connect: Connect, reading_threads: list[int]
) -> None:
    with dovecot.opened() as program:
        program.create("Done")
    mail = a_letter("see the files")
    for number in (1, 2):
        mail.add_attachment(
            b"%d" % number * 100_000, maintype="text", subtype="csv", filename=f"{number}.csv"
        )
    desk, there = DeskEnd(), connect.mailbox(dovecot)
    dovecot.deliver(bytes_of(mail))
    async with running(there, desk):
        [message] = await desk.has(1)
    first, second = message.files
    assert (first.filename, first.content_type, first.size) == ("1.csv", "text/csv", 100_000)
    assert b"".join([part async for part in EmailChannel().fetch(first, there)]) == b"1" * 100_000
    assert len(reading_threads) == 1
    assert threading.get_ident() not in reading_threads
    with dovecot.opened() as program:
        program.copy("1", "Done")
        program.store("1", "+FLAGS", r"\Deleted")
        program.expunge()
    moved = connect.mailbox(dovecot, imap_done_folder="Done")
    assert b"".join([part async for part in EmailChannel().fetch(second, moved)]) == b"2" * 100_000
    with pytest.raises(UndeliverableError, match="no longer"):
        _ = [part async for part in EmailChannel().fetch(second, there)]


async def test_a_file_of_something_else_cannot_be_fetched(
    dovecot: Dovecot, connect: Connect
) -> None:
    for reference in ("", "nonsense", '{"uid": 1}', '{"uid": 1, "uidvalidity": 1, "file": -1}'):
        file = InboundFile(filename="x", reference=reference)
        with pytest.raises(UndeliverableError):
            _ = [part async for part in EmailChannel().fetch(file, connect.mailbox(dovecot))]
