"""Reading the headers of e-mail that strangers wrote: whatever is in them, something comes out."""

import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from hexdesk_email.mail import Address, Headers

MOST_HEADERS = 300
LONGEST_HEADER = 10_000
LONGEST_NAME = 200
MOST_IDS = 50
MOST_ADDRESSES = 100

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
ADDRESS = re.compile(r'[^\s@<>()\[\]\\,;:"]{1,64}@[^\s@<>()\[\]\\,;:"]{1,250}')
# A name, quoted or not, then the address in angle brackets; or the address, then perhaps a remark.
NAMED = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^<>"])*)<([^<>]*)>\s*(?:\([^()]*\)\s*)?')
BARE = re.compile(r'([^\s<>,;()"]+)\s*(?:\(([^()]*)\)\s*)?')
QUOTED = re.compile(r"\\(.)")


def headers_of(message: "Message[str, str]") -> Headers:
    """Return the headers of a message, decoded and cut to what is sane."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in list(message.raw_items())[:MOST_HEADERS]:
        key = name.lower()
        found[key] = (*found.get(key, ()), _unfolded(str(value)))
    return found


def readable(value: str) -> str:
    """Return a header's text with its encoded words decoded, in one line."""
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):
        return one_line(value)
    return one_line("".join(_decoded(part, charset) for part, charset in parts))


def one_line(text: str) -> str:
    """Return the text without controls, so that it can stand in a header or a title."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return CONTROLS.sub(" ", text).strip()


def message_ids(values: Iterable[str]) -> tuple[str, ...]:
    """Return the message ids in some headers, each once, the last ones if there are too many."""
    found = (one for value in values for one in MESSAGE_ID.findall(value))
    return tuple(dict.fromkeys(one for one in found if one.isascii()))[-MOST_IDS:]


def single_address(value: str) -> Address | None:
    """Return the one address of a header, or None where it holds none, several, or a riddle.

    It is taken apart before it is decoded, so that no encoded word can bring an address with it.
    """
    named = NAMED.fullmatch(value.strip())
    if named is not None:
        name, email = named[1].strip(), named[2].strip()
        if "@" in name and "," in name and not name.startswith('"'):
            return None
    else:
        bare = BARE.fullmatch(value.strip())
        if bare is None:
            return None
        name, email = bare[2] or "", bare[1]
    if not ADDRESS.fullmatch(email):
        return None
    if name.startswith('"') and name.endswith('"'):
        name = QUOTED.sub(r"\1", name[1:-1])
    return Address(email=email.lower(), name=readable(name)[:LONGEST_NAME])


def addresses_in(values: Iterable[str]) -> tuple[str, ...]:
    """Return everything in some headers that looks like an address, in lower case."""
    found = (one.lower() for value in values for one in ADDRESS.findall(value))
    return tuple(dict.fromkeys(found))[:MOST_ADDRESSES]


def _unfolded(value: str) -> str:
    # Bytes above 127 come as surrogates; most of them are UTF-8 that nobody announced.
    raw = value[:LONGEST_HEADER].encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return one_line(re.sub(r"\r?\n[ \t]*", " ", text))


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii")
    except (LookupError, UnicodeError):
        return part.decode("latin-1")
