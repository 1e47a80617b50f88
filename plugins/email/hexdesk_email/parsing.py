"""From raw bytes to a `Mail`; never raises, whatever the bytes are."""

import hashlib
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

from hexdesk_email.headers import (
    addresses_in,
    headers_of,
    message_ids,
    readable,
    single_address,
)
from hexdesk_email.mail import Address, Headers, Mail, Report
from hexdesk_email.parts import Parts, read_parts
from hexdesk_email.quotes import without_quotes

LONGEST_SUBJECT = 500
LONGEST_TEXT = 200_000
LONGEST_HEAD = 1_000_000
# Each level costs Python a stack frame.
MOST_MULTIPARTS = 50
# A million empty parts fit into a message that is not even large.
MOST_BOUNDARIES = 20_000
# Each line is held against the boundary of every level it lies in.
MOST_LOOKS = 8_000_000
# What a line costs by itself, in such looks.
LOOKS_OF_A_LINE = 5
# By what header a mail server may say to whom it delivers.
RECIPIENT_HEADERS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "to",
    "cc",
)


def parse_mail(raw: bytes, *, is_whole: bool = True) -> Mail:
    """Return the e-mail; of one that cannot be read, its headers.

    `is_whole` is false for one of which only the beginning was fetched.
    """
    message, faults = _message(raw)
    headers = headers_of(message)
    parts = Parts() if faults else read_parts(message)
    sender, doubt = _sender(headers)
    text = parts.text[:LONGEST_TEXT]
    is_complete = is_whole and parts.is_whole and len(parts.text) <= LONGEST_TEXT and not faults
    return Mail(
        headers=headers,
        sender=sender,
        reply_to=single_address(_first(headers, "reply-to")),
        recipients=addresses_in(
            value for name in RECIPIENT_HEADERS for value in headers.get(name, ())
        ),
        subject=readable(_first(headers, "subject"))[:LONGEST_SUBJECT],
        message_id=_message_id(headers, raw),
        in_reply_to=message_ids(headers.get("in-reply-to", ())),
        references=message_ids(headers.get("references", ())),
        text=text,
        new_text=without_quotes(text),
        attachments=parts.attachments,
        report=_report(parts, raw),
        is_whole=is_complete,
        faults=(*faults, *((doubt,) if doubt else ())),
    )


def _message(raw: bytes) -> tuple["Message[str, str]", tuple[str, ...]]:
    # The older policy reads headers only when asked, and does not stumble over broken ones.
    if _can_be_read(raw):
        try:
            return BytesParser(policy=compat32).parsebytes(raw), ()
        except (RecursionError, ValueError, LookupError, AssertionError):
            pass
    head = raw.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in raw else raw.partition(b"\n\n")[0]
    bare = BytesHeaderParser(policy=compat32).parsebytes(head[:LONGEST_HEAD] + b"\r\n\r\n")
    return bare, ("it has more parts or lines than can be read",)


def _can_be_read(raw: bytes) -> bool:
    """Tell whether taking a message apart is work of a few seconds at most."""
    lower = raw.lower()
    multiparts = lower.count(b"multipart/")
    lines = raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")
    pieces = raw.count(b"\n--") if multiparts else 0
    if b"message/delivery-status" in lower:
        # Whatever stands between two blank lines of a report becomes a message.
        pieces += raw.count(b"\n\n") + raw.count(b"\n\r") + raw.count(b"\r\r")
    return (
        multiparts <= MOST_MULTIPARTS
        and pieces <= MOST_BOUNDARIES
        and lines * (LOOKS_OF_A_LINE + multiparts) <= MOST_LOOKS
    )


def _sender(headers: Headers) -> tuple[Address | None, str]:
    froms = headers.get("from", ())
    if len(froms) > 1:
        return None, "it names its sender twice"
    sender = single_address(_first(headers, "from"))
    return (None, "it names no sender that can be read") if sender is None else (sender, "")


def _message_id(headers: Headers, raw: bytes) -> str:
    named = next(iter(message_ids(headers.get("message-id", ()))), None)
    return named or f"<{hashlib.sha256(raw).hexdigest()[:32]}@missing.invalid>"


def _report(parts: Parts, raw: bytes) -> Report | None:
    if parts.report is None:
        return None
    # What came back may be a part of any kind, or cut: ids are found by how they look.
    about = message_ids((parts.returned, raw[-20_000:].decode("latin-1")))
    lines = (line.partition(":") for line in parts.report.splitlines())
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    return Report(
        action=fields.get("action", "").lower()[:40],
        status=fields.get("status", "")[:20],
        detail=fields.get("diagnostic-code", "")[:500],
        about=about,
    )


def _first(headers: Headers, name: str) -> str:
    return next(iter(headers.get(name, ())), "")
