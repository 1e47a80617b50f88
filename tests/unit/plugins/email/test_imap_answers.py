"""What IMAP servers say, in the ways in which they say it."""

import pytest

from hexdesk_email.imap_answers import Answer, Found, body_in, folder_name, found_in, quoted

# More than any number of IMAP has, and than Python takes for a number at all.
MANY_DIGITS = b"1" * 5_000


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (rb"* 1 FETCH (UID 5 FLAGS (\Seen $X) RFC822.SIZE 42)", (5, 42, {r"\seen", "$x"})),
        (rb"* 1 FETCH (RFC822.SIZE 42 FLAGS () UID 5)", (5, 42, set[str]())),
        (rb"* 12 fetch (UID 5)", (5, 0, set[str]())),
        (b"* 1 FETCH (UID 5 RFC822.SIZE %b)" % MANY_DIGITS, (5, 2**32 - 1, set[str]())),
    ],
)
def test_a_message_is_found(line: bytes, expected: tuple[int, int, set[str]]) -> None:
    uid, size, flags = expected
    assert found_in(Answer(line=line)) == Found(uid=uid, size=size, flags=frozenset(flags))


@pytest.mark.parametrize(
    "line",
    [
        b"* 1 FETCH (FLAGS ())",
        b"* 1 FETCH (UID %b)" % MANY_DIGITS,
        b"* 1 FETCH (UID 4294967296)",
        b"* 3 EXISTS",
        b"h1 OK done",
        b"",
        b"*",
    ],
    ids=range(7),
)
def test_other_answers_find_none(line: bytes) -> None:
    assert found_in(Answer(line=line)) is None
    assert body_in(Answer(line=line)) is None


def test_a_body_is_a_literal_or_quoted() -> None:
    literal = Answer(line=b"* 1 FETCH (UID 5 BODY[] {3})", literals=(b"abc",))
    assert body_in(literal) == b"abc"
    assert body_in(Answer(line=rb'* 1 FETCH (UID 5 BODY[] "a\"b\\")')) == rb'a"b' + b"\\"
    assert body_in(Answer(line=b"* 1 FETCH (UID 5 BODY[] NIL)")) is None


def test_numbers_words_and_codes_are_found() -> None:
    assert Answer(line=b"* 12 EXISTS").number(b"EXISTS") == 12
    assert Answer(line=b"* x EXISTS").number(b"EXISTS") is None
    assert Answer(line=b"* %b EXISTS" % MANY_DIGITS).number(b"EXISTS") is None
    assert Answer(line=b"* SEARCH 1 2").after(b"SEARCH") == b"1 2"
    assert Answer(line=b"* SEARCH").after(b"SEARCH") == b""
    assert Answer(line=b"* OK [UIDVALIDITY 9] valid").code(b"UIDVALIDITY") == b"9"
    assert Answer(line=b"* OK [UIDNEXT 9] next").code(b"UIDVALIDITY") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("INBOX", b'"INBOX"'),
        ('a "b" \\c', rb'"a \"b\" \\c"'),
        ("Entwürfe & mehr", b'"Entw&APw-rfe &- mehr"'),
        ("台北", b'"&U,BTFw-"'),
        ("&", b'"&-"'),
    ],
)
def test_a_folder_is_named_as_servers_know_it(name: str, expected: bytes) -> None:
    assert folder_name(name) == expected


def test_a_text_stays_in_its_quotes() -> None:
    assert quoted('a"b\\') == rb'"a\"b\\"'
    with pytest.raises(UnicodeEncodeError):
        quoted("é")
