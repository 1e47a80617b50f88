"""Whatever bytes come, something sensible comes of them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexdesk_email.mail import Address
from hexdesk_email.parsing import parse_mail
from tests.unit.plugins.email import ugly_mail
from tests.unit.plugins.email.ugly_mail import (
    CORPUS,
    CYRILLIC,
    HEAD,
    JAPANESE,
    attached,
    mixed,
    text,
)

# Of work, however busy the machine is: some of these take a naive reader minutes.
MOST_CPU_SECONDS = 5.0


@pytest.mark.parametrize("name", CORPUS)
def test_ugly_mail_is_read_with_little_work_and_can_be_stored(name: str) -> None:
    begun = time.process_time()
    mail = parse_mail(CORPUS[name])
    assert time.process_time() - begun < MOST_CPU_SECONDS
    for said in (mail.text, mail.new_text, mail.subject, *(a.filename for a in mail.attachments)):
        assert "\0" not in said
        said.encode()
    assert "\n" not in mail.subject
    assert mail.message_id.startswith("<")


@given(raw=st.binary(max_size=2_000))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    parse_mail(raw)


@given(
    name=st.sampled_from([name for name, raw in CORPUS.items() if len(raw) < 10_000]),
    changes=st.lists(st.tuples(st.integers(min_value=0), st.integers(0, 255)), max_size=12),
)
@settings(max_examples=500, deadline=None)
def test_no_change_of_a_byte_is_too_strange(name: str, changes: list[tuple[int, int]]) -> None:
    raw = bytearray(CORPUS[name])
    for place, byte in changes:
        if raw:
            raw[place % len(raw)] = byte
    parse_mail(bytes(raw))


def test_the_parts_of_a_mail_are_told_apart() -> None:
    mail = parse_mail(
        HEAD
        + b"Reply-To: ann@home.example\r\nIn-Reply-To: <2@desk.test>\r\n"
        + b"References: <1@desk.test>\r\n <2@desk.test>\r\nDelivered-To: s+x@desk.test\r\n\r\nHi!"
    )
    assert mail.sender == Address(email="ann@example.com", name="Ann")
    assert mail.reply_to == Address(email="ann@home.example")
    assert mail.recipients == ("s+x@desk.test", "support@desk.test")
    assert (mail.subject, mail.message_id) == ("Help", "<1@example.com>")
    assert mail.in_reply_to == ("<2@desk.test>",)
    assert mail.references == ("<1@desk.test>", "<2@desk.test>")
    assert (mail.text, mail.new_text, mail.is_whole) == ("Hi!", "Hi!", True)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (text(b"Gr\xfc\xdfe", b"text/plain; charset=utf-8"), "Grüße"),
        (text("ü".encode(), b"text/plain; charset=iso-8859-1"), "Ã¼"),
        (text("Grüße".encode()), "Grüße"),
        (text(CYRILLIC), CYRILLIC.decode("cp1251")),
        (text(CYRILLIC, b"text/plain; charset=windows-1251"), CYRILLIC.decode("cp1251")),
        (text(JAPANESE.encode("iso-2022-jp"), b"text/plain; charset=iso-2022-jp"), JAPANESE),
        (text(b"\xe9t\xe9", b"text/plain; charset=x-unknown"), "été"),
        (text(b"\x93quoted\x94", b"text/plain; charset=iso-8859-1"), "“quoted”"),
        (text(b"a\0b\r\nc\rd"), "ab\nc\nd"),
        (text(b"abc-", b"text/plain; charset=punycode"), "abc-"),
    ],
)
def test_text_is_read_in_the_charset_it_is_in(raw: bytes, expected: str) -> None:
    assert parse_mail(raw).text == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            b'From: "ceo@desk.test" <x@evil.test>',
            Address(email="x@evil.test", name="ceo@desk.test"),
        ),
        (b"From: X@Evil.TEST (Some One)", Address(email="x@evil.test", name="Some One")),
        (b"From: Doe, Jane <j@x.test>", Address(email="j@x.test", name="Doe, Jane")),
        (b'From: "Jane \\"J\\" Doe" <j@x.test>', Address(email="j@x.test", name='Jane "J" Doe')),
        (b"From: =?utf-8?q?J=C3=B6rg?= <j@x.test>", Address(email="j@x.test", name="Jörg")),
        (b"From: =?utf-8?q?a=40b=2C?= <j@x.test>", Address(email="j@x.test", name="a@b,")),
        (b"From: a@desk.test, b@evil.test", None),
        (b"From: a@desk.test, B <b@evil.test>", None),
        (b"From: a@desk.test <b@evil.test> <c@evil.test>", None),
        (b"From: ceo@desk.test\r\nFrom: x@evil.test", None),
        (b"From: a@b@c", None),
        (b"From: a@[", None),
        (b"From: ", None),
        (b"X: y", None),
    ],
)
def test_a_sender_is_one_address_or_none(head: bytes, expected: Address | None) -> None:
    mail = parse_mail(head + b"\r\nSubject: x\r\n\r\nhi")
    assert mail.sender == expected
    assert bool(mail.faults) is (expected is None)


def test_a_mail_without_an_id_has_one_of_what_is_in_it() -> None:
    first, second = parse_mail(b"From: a@b\r\n\r\nx"), parse_mail(b"From: a@b\r\n\r\ny")
    assert first.message_id == parse_mail(b"From: a@b\r\n\r\nx").message_id != second.message_id


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (b'attachment; filename="C:\\\\Users\\\\x\\\\a.pdf"', "a.pdf"),
        (b"attachment; filename*=utf-8''%e2%80%aefdp.exe", "fdp.exe"),
        (b'attachment; filename="=?utf-8?q?Beleg_=C3=BC.pdf?="', "Beleg ü.pdf"),
        (b'attachment; filename="a\x07b<c>.pdf"', "a b_c_.pdf"),
        (b"attachment", "attachment-1.pdf"),
        (b'attachment; filename="..."', "attachment-1.pdf"),
        (b"attachment; filename=" + b"x" * 300 + b".pdf", "x" * 116 + ".pdf"),
        (b"attachment; filename=" + b"x" * 300, "x" * 120),
    ],
)
def test_a_files_name_is_safe(disposition: bytes, expected: str) -> None:
    [file] = parse_mail(attached(disposition)).attachments
    assert file.filename == expected
    assert file.content_type == "application/pdf"
    assert file.data == b"x"


def test_calendars_forwards_and_what_only_outlook_reads_are_files() -> None:
    for raw, name, kind in (
        (ugly_mail.INVITATION, "attachment-1.ics", "text/calendar"),
        (ugly_mail.WINMAIL, "winmail.dat", "application/ms-tnef"),
        (ugly_mail.FORWARDED, "attachment-1.eml", "message/rfc822"),
    ):
        mail = parse_mail(raw)
        [file] = mail.attachments
        assert (file.filename, file.content_type) == (name, kind)
        assert mail.text == "see the file"
        assert file.data


def test_parts_inside_of_parts_are_found() -> None:
    mail = parse_mail(ugly_mail.NESTED)
    assert mail.text == "see the file\ninside"
    assert [file.content_type for file in mail.attachments] == ["image/png"]


def test_text_with_a_name_is_a_file() -> None:
    mail = parse_mail(mixed(b"Content-Type: text/plain; name=log.txt\r\n\r\nlines"))
    assert (mail.text, mail.attachments[0].filename) == ("see the file", "log.txt")


def test_html_alone_is_read_as_text() -> None:
    source = b"<style>p {color: red}</style><p>Hello,<br>it is <b>broken</b>.</p><script>x</script>"
    assert parse_mail(text(source, b"text/html")).text == "Hello,\nit is broken."


@pytest.mark.parametrize(
    "name",
    ["DEEP", "MANY_PARTS", "DEEP_AND_LONG", "MANY_LINES", "MANY_HEADERS", "MANY_BLANK_LINES"],
)
def test_of_what_is_too_much_work_to_read_the_headers_are_kept(name: str) -> None:
    mail = parse_mail(getattr(ugly_mail, name))
    assert mail.sender == Address(email="ann@example.com", name="Ann")
    assert (mail.subject, mail.text, mail.is_whole) == ("Help", "", False)
    assert mail.attachments == ()
    assert mail.faults == ("it has more parts or lines than can be read",)


def test_a_large_file_is_read_however_many_lines_it_has() -> None:
    mail = parse_mail(ugly_mail.LARGE_FILE)
    assert [len(file.data) for file in mail.attachments] == [57 * 330_000]
    assert (mail.text, mail.is_whole) == ("see the file", True)


def test_more_files_than_anybody_needs_are_left_in_the_mailbox() -> None:
    mail = parse_mail(ugly_mail.MANY_FILES)
    assert (len(mail.attachments), mail.is_whole) == (50, False)


def test_a_servers_report_tells_what_it_is_about() -> None:
    report = parse_mail(ugly_mail.BOUNCE).report
    assert report is not None
    assert (report.action, report.status) == ("failed", "5.1.1")
    assert report.detail == "smtp; 550 no such user"
    assert report.about == ("<sent@desk.test>",)
