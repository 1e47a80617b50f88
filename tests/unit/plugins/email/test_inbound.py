"""From a mail to a message: who wrote it, to which conversation, and whether to answer."""

from uuid import UUID

import msgspec
import pytest

from hexdesk.core.model.channels import InboundMessage
from hexdesk_email.inbound import Origin, Reading, understand
from hexdesk_email.marks import Marks, token
from hexdesk_email.parsing import parse_mail
from tests.unit.plugins.email import ugly_mail
from tests.unit.plugins.email.ugly_mail import BOUNCE, HEAD

MARKS = Marks(key=b"key", address="support@desk.test")
READING = Reading(marks=MARKS, authserv_id="mx.desk.test")
ORIGIN = Origin(uid=7, uidvalidity=9)
PASS = b"Authentication-Results: mx.desk.test; dmarc=pass header.from=example.com\r\n"
KEY = token("a conversation")
OURS = MARKS.message_id(UUID(int=3))


def read(raw: bytes) -> InboundMessage:
    return understand(parse_mail(raw), READING, ORIGIN)


def addressed(to: str | None, *headers: str) -> bytes:
    more = "".join(f"{header}\r\n" for header in headers).encode()
    return more + HEAD.replace(b"support@desk.test", str(to).encode()) + b"\r\nhi"


def test_a_sender_is_verified_by_our_server_alone() -> None:
    assert not read(HEAD + b"\r\nhi").sender.is_verified
    proven = read(PASS + HEAD + b"\r\nhi").sender
    assert (proven.is_verified, proven.email, proven.external_id) == (
        True,
        "ann@example.com",
        "ann@example.com",
    )
    forged = PASS.replace(b"mx.desk.test", b"mx.evil.test")
    assert not read(forged + HEAD + b"\r\nhi").sender.is_verified
    refused = PASS.replace(b"pass", b"fail")
    assert not read(refused + PASS + HEAD + b"\r\nhi").sender.is_verified


def test_a_new_mail_begins_a_conversation_that_an_address_can_name() -> None:
    message = read(HEAD + b"\r\nhi")
    address = MARKS.reply_address(message.conversation_key)
    assert MARKS.conversation_of([str(address)]) == message.conversation_key
    assert message.replies_to == ()
    assert message.hints == {"references": ["<1@example.com>"], "subject": "Help"}


@pytest.mark.parametrize("proof", [b"", PASS])
def test_the_same_mail_has_the_same_keys_by_whichever_way_it_comes(proof: bytes) -> None:
    first = read(proof + HEAD + b"\r\nhi")
    raw = b"Return-Path: <ann@example.com>\r\nDelivered-To: x@y.test\r\n" + proof + HEAD
    again = understand(parse_mail(raw + b"\r\nhi"), READING, Origin(spooled="handed over"))
    assert (again.dedupe_key, again.conversation_key) == (first.dedupe_key, first.conversation_key)


def test_nobody_takes_the_place_of_another_ones_mail() -> None:
    keys = {
        read(raw + b"\r\nhi").dedupe_key
        for raw in (
            HEAD,
            HEAD.replace(b"ann@", b"bob@"),
            HEAD.replace(b"<1@", b"<2@"),
            HEAD.replace(b"10:00", b"11:00"),
        )
    }
    assert len(keys) == 4


def test_a_forged_copy_that_comes_first_does_not_keep_out_the_mail_that_is_proven() -> None:
    forged, genuine = read(HEAD + b"\r\nPay me."), read(PASS + HEAD + b"\r\nPay nobody.")
    assert not forged.sender.is_verified
    assert genuine.sender.is_verified
    assert forged.dedupe_key != genuine.dedupe_key
    assert forged.conversation_key != genuine.conversation_key


def test_a_signed_address_names_the_conversation_before_anything_else() -> None:
    to = MARKS.reply_address(KEY)
    message = read(addressed(to, "In-Reply-To: <other@example.com>"))
    assert (message.conversation_key, message.replies_to) == (KEY, ())
    delivered = read(addressed("x@y.test", f"Delivered-To: {to}"))
    assert delivered.conversation_key == KEY


def test_a_forged_address_begins_a_conversation_of_its_own() -> None:
    message = read(addressed(f"support+c.{KEY}.aaaaaaaaaaaaaaaa@desk.test"))
    assert message.conversation_key != KEY


def test_ids_name_the_conversation_and_subjects_never_do() -> None:
    references = "References: <1@desk.test> <2@example.com> <3@desk.test>"
    message = read(addressed("support@desk.test", "In-Reply-To: <3@desk.test>", references))
    assert message.replies_to == ("<3@desk.test>", "<2@example.com>", "<1@desk.test>")
    assert message.hints["references"] == [
        "<1@desk.test>",
        "<2@example.com>",
        "<3@desk.test>",
        "<1@example.com>",
    ]
    re = read(HEAD.replace(b"Subject: Help", b"Subject: Re: [#42] Help") + b"\r\nhi")
    assert re.replies_to == ()


def test_what_a_robot_writes_to_a_conversations_address_is_not_read_there() -> None:
    to = MARKS.reply_address(KEY)
    for header in ("Auto-Submitted: auto-generated", "List-Id: <x>"):
        message = read(addressed(to, header, f"In-Reply-To: {OURS}"))
        assert message.automated
        assert message.conversation_key != KEY
        assert message.replies_to == ()


def test_who_is_away_answers_in_the_conversation_and_is_not_answered() -> None:
    away = "Auto-Submitted: auto-replied"
    message = read(addressed("support@desk.test", away, f"In-Reply-To: {OURS}"))
    assert (message.automated, message.replies_to) == (away, (OURS,))
    stranger = read(addressed("support@desk.test", away, "In-Reply-To: <x@example.com>"))
    assert stranger.replies_to == ()


def test_a_bounce_belongs_to_the_message_it_is_about() -> None:
    by_id = read(BOUNCE.replace(b"<sent@desk.test>", OURS.encode()))
    assert by_id.replies_to == (OURS,)
    to = str(MARKS.bounce_address(UUID(int=3))).encode()
    by_address = read(BOUNCE.replace(b"support@desk.test", to))
    assert by_address.replies_to == (OURS,)
    assert "550 no such user" in by_address.text
    assert read(BOUNCE).replies_to == ()
    bare = read(addressed(to.decode(), "Return-Path: <>"))
    assert bare.replies_to == (OURS,)


def test_a_mail_from_nobody_is_kept_and_not_answered() -> None:
    message = read(b"From: a@b\r\nFrom: c@d\r\n\r\nhi")
    assert message.automated == "it names its sender twice"
    assert message.sender.email is None
    assert message.text.startswith("hi")


def test_a_mail_that_cannot_be_read_says_so() -> None:
    message = read(ugly_mail.DEEP)
    assert "could not be read: it has more parts or lines than can be read" in message.text
    assert message.subject == "Help"


def test_a_mail_that_was_cut_says_so_behind_what_there_is() -> None:
    message = understand(parse_mail(HEAD + b"\r\nhi", is_whole=False), READING, ORIGIN)
    assert message.text.startswith("hi\n\n(This e-mail could not be read completely")


def test_a_file_is_named_by_where_it_lies() -> None:
    [file] = read(ugly_mail.WINMAIL).files
    origin = msgspec.json.decode(file.reference, type=Origin)
    assert origin == Origin(uid=7, uidvalidity=9, message_id="<1@example.com>", file=0)
    assert (file.filename, file.size) == ("winmail.dat", 1)


def test_what_comes_can_be_stored() -> None:
    for raw in ugly_mail.CORPUS.values():
        message = read(raw)
        assert msgspec.json.decode(msgspec.json.encode(message), type=InboundMessage) == message
