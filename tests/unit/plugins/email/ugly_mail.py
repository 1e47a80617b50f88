"""A corpus of ugly mail, made here: what mailers, servers and strangers really send."""

HEAD = (
    b"From: Ann <ann@example.com>\r\nTo: support@desk.test\r\nSubject: Help\r\n"
    b"Message-ID: <1@example.com>\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
)
MIXED = HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
PLAIN = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee the file\r\n"
CYRILLIC = "Здравствуйте, верните, пожалуйста, деньги за мой заказ".encode("cp1251")
JAPANESE = "注文が届きません"


def text(body: bytes, content_type: bytes = b"") -> bytes:
    """Return a mail with one part."""
    kind = b"Content-Type: " + content_type + b"\r\n" if content_type else b""
    return HEAD + kind + b"\r\n" + body


def mixed(*parts: bytes) -> bytes:
    """Return a mail with these parts behind a text."""
    return MIXED + PLAIN + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def attached(disposition: bytes, content_type: bytes = b"application/pdf") -> bytes:
    """Return a mail with a file whose headers are these."""
    return mixed(
        b"Content-Type: " + content_type + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\nx"
    )


BOUNCE = (
    b"Return-Path: <>\r\nFrom: MAILER-DAEMON@example.com\r\nTo: support@desk.test\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nIt failed.\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
    b"Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <sent@desk.test>\r\n\r\nhi\r\n"
    b"--b--\r\n"
)
INVITATION = mixed(b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR")
WINMAIL = attached(b"attachment; filename=winmail.dat", b"application/ms-tnef")
FORWARDED = mixed(
    b"Content-Type: message/rfc822\r\n\r\nFrom: x@example.com\r\nSubject: inner\r\n\r\nsecret"
)
NESTED = mixed(
    b"Content-Type: multipart/related; boundary=c\r\n\r\n--c\r\n"
    b"Content-Type: multipart/alternative; boundary=d\r\n\r\n"
    b"--d\r\nContent-Type: text/plain\r\n\r\ninside\r\n"
    b"--d\r\nContent-Type: text/html\r\n\r\n<p>inside</p>\r\n--d--\r\n"
    b"--c\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n\r\nPNG\r\n--c--"
)
DEEP = HEAD + b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
)
DEEP_FORWARDS = HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3000
MANY_PARTS = MIXED + b"--b\r\n\r\nx\r\n" * 30_000
OPENED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(49)
)
DEEP_AND_LONG = HEAD + OPENED + b"\r\n" + b"x\r\n" * 160_000
MANY_LINES = HEAD + b"\r\n" + b"x\n" * 1_700_000
MANY_HEADERS = HEAD + b"X:\r" * 1_700_000
MANY_BLANK_LINES = HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + b"a: b\n\n" * 21_000
LARGE_FILE = mixed(
    b"Content-Type: multipart/related; boundary=c\r\n\r\n--c\r\n"
    b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + (b"A" * 76 + b"\r\n") * 330_000
    + b"--c--"
)
MANY_FILES = mixed(*[b"Content-Type: image/png\r\n\r\nx"] * 60)


NAMES = (b'="../../etc/passwd"', b"=", b'="\x00.pdf"', b'="..."', b"*=utf-8''%e2%80%aefdp.exe")
CHARSETS = (b"x-unknown", b"idna", b"punycode", b"zip", b"utf-7", b'"', b"utf-16", b"\xff")
NO_WORDS = b"=?utf-8?b?not base64!!?= =?foo?q?x?= =?utf-8?q?=0Abcc:x?="
ENCODED = b"text/plain\r\nContent-Transfer-Encoding: "
CONTINUED = b"attachment" + b"".join(b"; filename*%d=a" % number for number in range(999))
CORPUS = {
    "nothing": b"",
    "no headers": b"\r\n\r\njust text",
    "no body": HEAD,
    "line ends of one kind": HEAD.replace(b"\r\n", b"\n") + b"\nhello",
    "NUL": HEAD.replace(b"Help", b"He\0lp") + b"\r\nhe\0llo",
    "8-bit headers": HEAD.replace(b"Help", b"Gr\xfc\xdfe") + b"\r\nhi",
    "encoded words that are none": HEAD.replace(b"Help", NO_WORDS) + b"\r\nhi",
    "bounce": BOUNCE,
    "invitation": INVITATION,
    "winmail.dat": WINMAIL,
    "forwarded": FORWARDED,
    "nested": NESTED,
    "deep": DEEP,
    "deep forwards": DEEP_FORWARDS,
    "many parts": MANY_PARTS,
    "many files": MANY_FILES,
    "deep and long": DEEP_AND_LONG,
    "many blank lines": MANY_BLANK_LINES,
    "no end": MIXED + PLAIN,
    "no boundary": HEAD + b"Content-Type: multipart/mixed\r\n\r\nx",
    "base64 that is none": text(b"!!!", ENCODED + b"base64"),
    "unknown encoding": text(b"x", ENCODED + b"x-odd"),
    "uuencoded": text(b"begin 644 x\r\n#86)C\r\n", ENCODED + b"x-uuencode"),
    "continued names": attached(CONTINUED),
    "HTML without end": text(b"<div>" * 20_000 + b"hi", b"text/html"),
    "HTML that is none": text(b"<" * 100_000, b"text/html"),
    **{f"file name {name!r}": attached(b"attachment; filename" + name) for name in NAMES},
    **{
        f"charset {charset!r}": text(b"\xe9t\xe9 +2AA-", b"text/plain; charset=" + charset)
        for charset in CHARSETS
    },
}
