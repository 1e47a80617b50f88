"""The parts of a message: its text, its attachments, and what a mail server reports in it."""

from collections.abc import Iterator
from email.message import Message
from typing import TypeAlias, cast

import msgspec

from hexdesk_email.filenames import safe_filename
from hexdesk_email.mail import Attachment
from hexdesk_email.texts import clean, decoded, text_of_html

MOST_PARTS = 500
MOST_ATTACHMENTS = 50
LONGEST_REPORT = 20_000
BODIES = frozenset({"text/plain", "text/html"})
RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})
# The same text once more, for mail programs that run programs.
NO_ATTACHMENTS = frozenset({"text/x-amp-html"})

AnyMessage: TypeAlias = "Message[str, str]"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts of a message hold."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    report: str | None = None
    returned: str = ""
    is_whole: bool = True


def read_parts(message: AnyMessage) -> Parts:
    """Return what a message's parts hold; a part that cannot be read is an empty one."""
    leaves = list(_leaves(message))
    plain: list[str] = []
    marked_up: list[str] = []
    files: list[AnyMessage] = []
    report, returned = None, ""
    for part in leaves[:MOST_PARTS]:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            report = clean(_as_bytes(part).decode("latin-1"))[:LONGEST_REPORT]
        elif report is not None and kind in RETURNED:
            returned = _as_bytes(part)[:LONGEST_REPORT].decode("latin-1")
        elif kind in BODIES and not _is_file(part):
            (plain if kind == "text/plain" else marked_up).append(_text(part))
        elif kind not in NO_ATTACHMENTS:
            files.append(part)
    text = "\n".join(plain).strip() or text_of_html("\n".join(marked_up))
    return Parts(
        text=text,
        attachments=tuple(
            _attachment(part, number)
            for number, part in enumerate(files[:MOST_ATTACHMENTS], start=1)
        ),
        report=report,
        returned=returned,
        is_whole=len(leaves) <= MOST_PARTS and len(files) <= MOST_ATTACHMENTS,
    )


def _leaves(message: AnyMessage) -> Iterator[AnyMessage]:
    # What is in a forwarded message is the business of whoever opens it.
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed(_inner(part)))
        else:
            yield part


def _inner(part: AnyMessage) -> list[AnyMessage]:
    return cast("list[AnyMessage]", part.get_payload()) if part.is_multipart() else []


def _is_file(part: AnyMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_claimed_name(part))


def _attachment(part: AnyMessage, number: int) -> Attachment:
    kind = part.get_content_type()
    return Attachment(
        filename=safe_filename(_claimed_name(part), kind, number),
        content_type=kind,
        data=_as_bytes(part),
    )


def _claimed_name(part: AnyMessage) -> str:
    try:
        return part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        return ""


def _text(part: AnyMessage) -> str:
    try:
        charset = part.get_content_charset() or ""
    except (ValueError, LookupError, TypeError):
        charset = ""
    return decoded(_as_bytes(part), charset)


def _as_bytes(part: AnyMessage) -> bytes:
    try:
        if part.get_content_maintype() == "message":
            return b"\n".join(one.as_bytes() for one in _inner(part))
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return b""
    return data if isinstance(data, bytes) else b""
