"""What the desk writes: to the right person, in the right thread, and never more than one mail."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.errors import UndeliverableError
from hexdesk.core.model.channels import OutboundKind, OutboundMessage, Sender, ShownTicket
from hexdesk.core.testing.channels_contract import an_outbound
from hexdesk_email import EmailConfig
from hexdesk_email.marks import Marks, token
from hexdesk_email.outbound import letter_of

MARKS = Marks(key=b"key", address="support@desk.test")
CONFIG = EmailConfig(address="support@desk.test", from_name="Desk", smtp_host="smtp.desk.test")
KEY = token("a conversation")
OUR_ID = MARKS.message_id(UUID(int=1))
GOLDEN = f"""\
From: Desk <support@desk.test>
To: Ann <ann@example.com>
Subject: Re: Where is my parcel?
Date: Thu, 01 Jan 2026 12:00:00 +0000
Message-ID: {OUR_ID}
In-Reply-To: <2@example.com>
References: <1@example.com> <0@desk.test> <2@example.com>
Reply-To: Desk <{MARKS.reply_address(KEY)}>
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
X-Hexdesk-Loop: support@desk.test
MIME-Version: 1.0
"""


def sent(message: OutboundMessage, **config: Any) -> EmailMessage:
    usual: dict[str, Any] = {"address": "support@desk.test", "from_name": "Desk", "smtp_host": "a"}
    letter = letter_of(message, EmailConfig(**(usual | config)), MARKS)
    return message_from_bytes(letter.raw, EmailMessage, policy=default)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def an_answer(text: str = "It has **shipped**.", **fields: Any) -> OutboundMessage:
    chain = ["<1@example.com>", "<0@desk.test>", "<2@example.com>"]
    usual: dict[str, Any] = {
        "id": UUID(int=1),
        "conversation_key": KEY,
        "reply_to": "<2@example.com>",
        "hints": {"references": chain},
    }
    return an_outbound(text, **(usual | fields))


def test_the_headers_of_an_answer_are_these() -> None:
    raw = letter_of(an_answer(), CONFIG, MARKS).raw.replace(b"\r\n", b"\n").decode()
    head = raw.partition("\n\n")[0].replace("\n ", " ")
    lines = [line for line in head.split("\n") if not line.startswith("Content-Type")]
    assert "\n".join(lines) + "\n" == GOLDEN


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OutboundKind.ANSWER, "auto-replied"),
        (OutboundKind.NOTICE, "auto-generated"),
        (OutboundKind.REPLY, None),
    ],
)
def test_what_no_person_wrote_says_so(kind: OutboundKind, expected: str | None) -> None:
    mail = sent(an_answer(kind=kind))
    assert mail["Auto-Submitted"] == expected
    assert mail["X-Hexdesk-Loop"] == "support@desk.test"


@pytest.mark.parametrize(
    ("reply_to", "hints", "chain"),
    [
        (None, {}, None),
        ("<2@x.test>", {}, "<2@x.test>"),
        (None, {"references": ["<1@x.test>", "<2@x.test>"]}, "<1@x.test> <2@x.test>"),
        ("<1@x.test>", {"references": ["<1@x.test>", "<2@x.test>"]}, "<2@x.test> <1@x.test>"),
        ("<3@x.test>", {"references": ["<1@x.test>"]}, "<1@x.test> <3@x.test>"),
        ("<2@x.test>", {"references": ["<1@x.test>\r\nBcc: x", "é", 5, "<a b>"]}, "<2@x.test>"),
        ("x\r\nBcc: <y>", {"references": None}, None),
    ],
)
def test_every_answer_names_what_it_answers(
    reply_to: str | None, hints: dict[str, Any], chain: str | None
) -> None:
    mail = sent(an_answer(reply_to=reply_to, hints=hints))
    assert mail["References"] == chain
    assert mail["In-Reply-To"] == (chain.split()[-1] if chain else None)


def test_a_long_chain_keeps_its_beginning_and_its_end() -> None:
    ids = [f"<{number}@x.test>" for number in range(100)]
    mail = sent(an_answer(reply_to=ids[-1], hints={"references": ids}))
    assert str(mail["References"]).split() == [ids[0], *ids[-29:]]


def test_the_next_answer_is_told_of_this_one() -> None:
    letter = letter_of(an_answer(), CONFIG, MARKS)
    assert letter.message_id == OUR_ID
    assert letter.hints["references"][-2:] == ["<2@example.com>", OUR_ID]


def test_the_same_message_makes_the_same_mail() -> None:
    first, second = (sent(an_answer()) for _ in range(2))
    assert [*first.items()][:11] == [*second.items()][:11]


@pytest.mark.parametrize(
    ("subject", "hints", "expected"),
    [
        ("Help", {}, "Re: Help"),
        ("RE: Help", {}, "RE: Help"),
        (None, {"subject": "Help"}, "Re: Help"),
        (None, {}, "Re: Your request"),
        ("a\r\nBcc: x@y.test", {}, "Re: a Bcc: x@y.test"),
        ("Grüße", {}, "Re: Grüße"),
    ],
)
def test_a_subject_is_answered_once(
    subject: str | None, hints: dict[str, Any], expected: str
) -> None:
    mail = sent(an_answer(subject=subject, hints=hints, reply_to=None))
    assert mail["Subject"] == expected
    assert mail["Bcc"] is None


@given(name=st.text(max_size=80), subject=st.text(max_size=300), text=st.text(max_size=300))
def test_no_text_becomes_a_header(name: str, subject: str, text: str) -> None:
    who = Sender(external_id="x", name=name, email="ann@example.com")
    letter = letter_of(an_answer(text, subject=subject, recipient=who), CONFIG, MARKS)
    mail = message_from_bytes(letter.raw, EmailMessage, policy=default)
    assert {key.lower() for key in mail} == {
        line.partition(":")[0].lower() for line in GOLDEN.splitlines()
    } | {"content-type"}
    assert letter.envelope_to == "ann@example.com"
    letter.raw.decode("ascii")
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998


def test_an_answer_is_text_and_html() -> None:
    mail = sent(an_answer("It has **shipped**:\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    assert "It has **shipped**:" in body(mail, "plain")
    assert "<strong>shipped</strong>" in body(mail, "html")
    assert "<table>" in body(mail, "html")


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![x](https://evil.test/?q=secret)", "<img"),
        ("[x](javascript:alert(1))", "href"),
        ("[x](data:text/html,x)", "href"),
        ("[x](vbscript:x)", "href"),
    ],
)
def test_html_is_made_of_markdown_alone(text: str, forbidden: str) -> None:
    assert forbidden not in body(sent(an_answer(text)), "html")


def test_tickets_are_named_under_the_text() -> None:
    tickets = (
        ShownTicket(number=7, title="Parcel", url="https://desk.test/7"),
        ShownTicket(number=8, title="Refund"),
    )
    said = body(sent(an_answer("Done.", tickets=tickets)), "plain").strip().replace("\r\n", "\n")
    assert said == "Done.\n\nTicket #7: Parcel (https://desk.test/7)\n\nTicket #8: Refund"


def test_a_server_without_plus_addresses_is_not_sent_any() -> None:
    assert sent(an_answer(), plus_addressing=False)["Reply-To"] is None
    assert sent(an_answer(conversation_key="of another shape"))["Reply-To"] is None


def test_a_domain_of_other_letters_is_written_as_servers_know_it() -> None:
    who = Sender(external_id="x", email="ann@bücher.example")
    letter = letter_of(an_answer(recipient=who), CONFIG, MARKS)
    assert letter.envelope_to == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "x",
        "a@b@c",
        "zoë@x.test",
        "a@\u2024\u2024.test",
        "a@x\r\ny",
        "a,b@c",
        "a..b@c.test",
    ],
)
def test_nobody_else_is_written_to(email: str | None) -> None:
    with pytest.raises(UndeliverableError):
        letter_of(an_answer(recipient=Sender(external_id="x", email=email)), CONFIG, MARKS)
    with pytest.raises(UndeliverableError):
        letter_of(an_answer(recipient=None), CONFIG, MARKS)
