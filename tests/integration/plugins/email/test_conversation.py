"""A conversation by e-mail, from the first question to the bounce, over real servers."""

from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import Envelope

from hexdesk.core.errors import OutcomeUnknownError
from hexdesk.core.model.channels import InboundMessage, OutboundMessage
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing.channels_contract import an_outbound
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import DeskEnd, running
from tests.integration.plugins.email.dovecot_server import Dovecot
from tests.integration.plugins.email.letters import a_letter, bytes_of
from tests.integration.plugins.email.mail_server import MailServer


@pytest.fixture
def there(connect: Connect, dovecot: Dovecot, mail_server: MailServer) -> Connection:
    return with_more(connect, dovecot, mail_server)


def with_more(
    connect: Connect, dovecot: Dovecot, mail_server: MailServer, **said: Any
) -> Connection:
    return connect.mailbox(
        dovecot,
        smtp_port=mail_server.port,
        authserv_id="mx.desk.test",
        bounce_addressing=True,
        **said,
    )


def an_answer(message: InboundMessage, text: str, number: int) -> OutboundMessage:
    return an_outbound(
        text,
        id=UUID(int=number),
        conversation_key=message.conversation_key,
        subject=message.subject,
        reply_to=message.message_id,
        recipient=message.sender,
        hints=message.hints,
    )


def a_reply(to: EmailMessage, text: str, *, by: str) -> EmailMessage:
    """Return what a mail program makes of an answer: by its address, or by its ids."""
    mail = a_letter(text, subject=str(to["Subject"]))
    if by == "address":
        mail.replace_header("To", str(to["Reply-To"]))
    else:
        mail["In-Reply-To"] = str(to["Message-ID"])
        mail["References"] = f"{to['References']} {to['Message-ID']}"
    return mail


@pytest.mark.parametrize("by", ["address", "ids"])
async def test_a_customers_reply_joins_its_conversation(
    there: Connection, dovecot: Dovecot, mail_server: MailServer, by: str
) -> None:
    desk, channel = DeskEnd(), EmailChannel()
    question = a_letter(f"Where is my parcel? ({by})", to=dovecot.address)
    dovecot.deliver(bytes_of(question))
    async with running(there, desk):
        [asked] = await desk.has(1)
        receipt = await channel.deliver(an_answer(asked, "It has **shipped**.", 1), there)
        [answer] = mail_server.mails
        to = str(answer["Reply-To"].addresses[0].addr_spec) if by == "address" else ""
        quote = (
            "Thanks!\n\nOn Wed, Nov 25, 2026 at 10:05 AM Desk <support@desk.test> wrote:\n> It\n"
        )
        dovecot.deliver(bytes_of(a_reply(answer, quote, by=by)), to=to)
        _, replied = await desk.has(2)
    assert replied.text == "Thanks!"
    assert "> It" in replied.full_text
    if by == "address":
        assert replied.conversation_key == asked.conversation_key
    else:
        assert replied.replies_to[0] == receipt.message_id
        assert question["Message-ID"] in replied.replies_to
    assert replied.automated is None


async def test_an_answer_threads_in_every_mail_program_and_is_answered_by_none(
    there: Connection, dovecot: Dovecot, mail_server: MailServer
) -> None:
    question = a_letter("A question", to=dovecot.address, references="<begin@customer.test>")
    dovecot.deliver(bytes_of(question))
    desk = DeskEnd()
    async with running(there, desk):
        [asked] = await desk.has(1)
    await EmailChannel().deliver(an_answer(asked, "An answer", 2), there)
    [answer] = mail_server.mails
    assert answer["To"] == "Zoë <zoe@customer.test>"
    assert answer["Subject"] == "Re: My parcel"
    assert answer["In-Reply-To"] == question["Message-ID"]
    assert answer["References"] == f"<begin@customer.test> {question['Message-ID']}"
    assert answer["Auto-Submitted"] == "auto-replied"


async def test_a_bounce_is_known_as_one_of_our_message(
    there: Connection, dovecot: Dovecot, mail_server: MailServer
) -> None:
    desk, channel = DeskEnd(), EmailChannel()
    receipt = await channel.deliver(an_outbound(conversation_key="x", id=UUID(int=3)), there)
    [envelope] = mail_server.got
    dovecot.deliver(a_bounce(envelope), to=str(envelope.mail_from), sender="")
    async with running(there, desk):
        [bounce] = await desk.has(1)
    assert bounce.automated == "it is a mail server's report"
    assert bounce.replies_to == (receipt.message_id,)
    assert "550 5.1.1 no such user" in bounce.text


async def test_our_own_answer_that_comes_back_is_not_answered(
    there: Connection, dovecot: Dovecot, mail_server: MailServer
) -> None:
    desk, channel = DeskEnd(), EmailChannel()
    await channel.deliver(an_outbound(id=UUID(int=4)), there)
    dovecot.deliver(bytes(mail_server.got[0].original_content or b""))
    async with running(there, desk):
        [back] = await desk.has(1)
    assert back.automated == "it was sent by a desk"


async def test_an_answer_is_filed_after_it_was_sent_and_can_be_looked_up(
    connect: Connect, dovecot: Dovecot, mail_server: MailServer
) -> None:
    with dovecot.opened() as program:
        program.create("Sent")
    there = with_more(connect, dovecot, mail_server, imap_sent_folder="Sent", imap_files_sent=True)
    channel, message = EmailChannel(), an_outbound(id=UUID(int=5))
    with pytest.raises(OutcomeUnknownError):
        await channel.look_up(message, there)
    receipt = await channel.deliver(message, there)
    assert await channel.look_up(message, there) == receipt
    assert [r"\Seen" in flags for flags in dovecot.flags("Sent")] == [True]


@pytest.mark.parametrize("trouble", ["no such folder", "wrong password"])
async def test_an_answer_that_cannot_be_filed_is_not_sent_again(
    connect: Connect, dovecot: Dovecot, mail_server: MailServer, trouble: str
) -> None:
    more = {"imap_password": "no"} if trouble == "wrong password" else {}
    there = with_more(
        connect, dovecot, mail_server, imap_sent_folder="Nowhere", imap_files_sent=True, **more
    )
    await EmailChannel().deliver(an_outbound(), there)
    assert len(mail_server.got) == 1


async def test_a_check_asks_both_servers(there: Connection, dovecot: Dovecot) -> None:
    dovecot.deliver(bytes_of(a_letter()))
    said = await EmailChannel().check(there)
    assert "takes mail" in said
    assert "1 messages in INBOX" in said


def a_bounce(envelope: Envelope) -> bytes:
    returned = bytes(envelope.original_content or b"")
    return b"\r\n".join(
        (
            b"From: MAILER-DAEMON@mx.desk.test",
            b"To: " + str(envelope.mail_from).encode(),
            b"Subject: Undelivered Mail Returned to Sender",
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            b"",
            b"--b",
            b"Content-Type: text/plain",
            b"",
            b"I'm sorry to have to inform you",
            b"--b",
            b"Content-Type: message/delivery-status",
            b"",
            b"Reporting-MTA: dns; mx.desk.test",
            b"",
            b"Final-Recipient: rfc822; ann@example.com",
            b"Action: failed",
            b"Status: 5.1.1",
            b"Diagnostic-Code: smtp; 550 5.1.1 no such user",
            b"",
            b"--b",
            b"Content-Type: message/rfc822",
            b"",
            returned,
            b"--b--",
        )
    )
