"""What the desk sends goes out once, and what became of it is said truly."""

from collections.abc import Sequence
from dataclasses import replace as exchanged
from email.message import EmailMessage

import pytest
from msgspec.structs import replace

from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.errors import (
    EgressRefusedError,
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import Sender
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.testing.channels_contract import (
    ChannelContract,
    Mood,
    OtherSystem,
    an_outbound,
)
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import NO_TLS, Connect
from tests.integration.plugins.email.mail_server import SECRET, USER, MailServer


class Relay(OtherSystem):
    """A mail server as the contract suite wants it."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def be(self, mood: Mood) -> None:
        self._server.answers = {
            Mood.BUSY: {"RCPT": "451 4.7.1 greylisted"},
            Mood.REFUSING: {"RCPT": "550 5.1.1 no such user"},
        }.get(mood, {})
        self._server.is_silent = mood is Mood.SILENT
        if mood is Mood.GONE:
            await self._server.stop()

    def taken(self) -> Sequence[str]:
        return [plain(mail) for mail in self._server.mails]


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


class TestEmailChannel(ChannelContract):
    @pytest.fixture
    def channel(self) -> Channel:
        return EmailChannel()

    @pytest.fixture
    def elsewhere(self, mail_server: MailServer) -> Relay:
        return Relay(mail_server)

    @pytest.fixture
    def connection(self, connect: Connect, mail_server: MailServer) -> Connection:
        return to_relay(connect, mail_server, imap_password="an imap password")


def to_relay(connect: Connect, server: MailServer, **said: object) -> Connection:
    return connect(
        **{
            "smtp_port": server.port,
            "smtp_user": USER,
            "smtp_password": SECRET,
            **said,
        }
    )


async def test_a_message_goes_out_over_tls_from_the_first_byte(
    connect: Connect, mail_server: MailServer
) -> None:
    there = to_relay(connect, mail_server, smtp_port=mail_server.tls_port, smtp_security="tls")
    await EmailChannel().deliver(an_outbound(), there)
    assert len(mail_server.got) == 1


async def test_a_relay_may_be_spoken_to_in_the_clear_and_without_a_password(
    connect: Connect, mail_server: MailServer
) -> None:
    there = connect(smtp_port=mail_server.port, smtp_security="none")
    await EmailChannel().deliver(an_outbound(), there)
    assert len(mail_server.got) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_with_another_name_gets_no_password(
    connect: Connect, mail_server: MailServer, security: str
) -> None:
    port = mail_server.tls_port if security == "tls" else mail_server.port
    there = to_relay(
        connect, mail_server, smtp_host="other.test", smtp_port=port, smtp_security=security
    )
    with pytest.raises(UnavailableError, match="certificate"):
        await EmailChannel().deliver(an_outbound(), there)
    assert mail_server.got == []


async def test_a_wrong_password_is_not_the_messages_fault(
    connect: Connect, mail_server: MailServer
) -> None:
    there = to_relay(connect, mail_server, smtp_password="wrong")
    with pytest.raises(RetryAfterError, match="sign-in"):
        await EmailChannel().deliver(an_outbound(), there)


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("MAIL", "452 4.3.1 full", RetryAfterError),
        ("MAIL", "550 5.7.1 who are you", UndeliverableError),
        ("RCPT", "450 4.2.0 greylisted", RetryAfterError),
        ("RCPT", "553 5.1.3 no such address", UndeliverableError),
        ("DATA", "451 4.3.0 later", RetryAfterError),
        ("DATA", "554 5.6.0 spam", UndeliverableError),
    ],
)
async def test_a_refusal_is_final_or_not_as_the_server_says(
    connect: Connect, mail_server: MailServer, verb: str, answer: str, error: type[Exception]
) -> None:
    mail_server.answers[verb] = answer
    with pytest.raises(error, match=answer[:3]):
        await EmailChannel().deliver(an_outbound(), to_relay(connect, mail_server))
    assert mail_server.got == []


async def test_the_same_message_sent_again_is_the_same_e_mail(
    connect: Connect, mail_server: MailServer
) -> None:
    there, message = to_relay(connect, mail_server), an_outbound()
    mail_server.is_silent = True
    with pytest.raises(OutcomeUnknownError):
        await EmailChannel().deliver(message, there)
    mail_server.is_silent = False
    receipt = await EmailChannel().deliver(message, there)
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"] == receipt.message_id


async def test_nobody_can_tell_what_became_of_a_message_that_is_filed_nowhere(
    connect: Connect, mail_server: MailServer
) -> None:
    with pytest.raises(OutcomeUnknownError):
        await EmailChannel().look_up(an_outbound(), to_relay(connect, mail_server))


async def test_a_bounce_is_asked_to_come_to_an_address_of_its_own(
    connect: Connect, mail_server: MailServer
) -> None:
    there = to_relay(connect, mail_server, bounce_addressing=True)
    await EmailChannel().deliver(an_outbound(), there)
    [envelope] = mail_server.got
    assert str(envelope.mail_from).startswith("support+b.")
    assert mail_server.mails[0]["From"] == "Desk <support@desk.test>"


async def test_who_has_no_address_cannot_be_written_to(
    connect: Connect, mail_server: MailServer
) -> None:
    for email in (None, "", "not an address", "a@b@c", "zoë@customer.test", "x@y\r\nRCPT TO:<z@z>"):
        nobody = replace(an_outbound(), recipient=Sender(external_id="x", email=email))
        with pytest.raises(UndeliverableError):
            await EmailChannel().deliver(nobody, to_relay(connect, mail_server))
    assert mail_server.got == []


async def test_a_host_in_a_private_network_is_not_called(
    connect: Connect, mail_server: MailServer
) -> None:
    inside = HttpEgress(tls=NO_TLS)
    there = exchanged(to_relay(connect, mail_server, smtp_host="127.0.0.1"), http=inside)
    with pytest.raises(EgressRefusedError, match="may not be called"):
        await EmailChannel().deliver(an_outbound(), there)
    await inside.aclose()
