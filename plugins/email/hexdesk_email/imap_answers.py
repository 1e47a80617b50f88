"""What an IMAP server says, taken apart (RFC 3501)."""

import re
from base64 import b64encode

import msgspec

UID = re.compile(rb"\bUID (\d+)")
FLAGS = re.compile(rb"\bFLAGS \(([^()]*)\)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
QUOTED_BODY = re.compile(rb'\bBODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')
CODE = re.compile(rb"\[([A-Z-]+)(?: ([^\]]*))?\]")
GREATEST = 2**32 - 1  # RFC 3501, 9: what "number" stands for
PRINTABLE = re.compile(r"[\x20-\x25\x27-\x7e]+")


def number(digits: bytes) -> int | None:
    """Return a number of 32 bits, as IMAP has them; None for anything else."""
    # The length first: of thousands of digits Python makes no number at all.
    found = int(digits) if digits.isdigit() and len(digits) <= len(str(GREATEST)) else None
    return None if found is None or found > GREATEST else found


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: its lines put together, and the bytes that stood between them."""

    line: bytes
    literals: tuple[bytes, ...] = ()

    def number(self, name: bytes) -> int | None:
        """Return the number of an untagged answer such as `* 12 EXISTS`."""
        words = self.line.split()
        is_one = len(words) >= 3 and words[0] == b"*" and words[2].upper() == name  # noqa: PLR2004  # `*`, number, name
        return number(words[1]) if is_one else None

    def after(self, name: bytes) -> bytes | None:
        """Return what follows the name of an untagged answer such as `* SEARCH 1 2`."""
        words = self.line.split(None, 2)
        if len(words) < 2 or words[0] != b"*" or words[1].upper() != name:  # noqa: PLR2004  # `*` and a name
            return None
        return words[2] if len(words) > 2 else b""  # noqa: PLR2004  # something follows

    def code(self, name: bytes) -> bytes | None:
        """Return what a response code such as `[UIDVALIDITY 5]` says."""
        for found, said in CODE.findall(self.line):
            if found == name:
                return bytes(said)
        return None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a folder, before it is fetched."""

    uid: int
    size: int = 0
    flags: frozenset[str] = frozenset()


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that was opened. With `takes_keywords`, messages can be marked by any word."""

    uidvalidity: int
    uidnext: int
    messages: int
    takes_keywords: bool


def found_in(answer: Answer) -> Found | None:
    """Return the message that a `FETCH` tells of."""
    named = UID.search(answer.line)
    uid = number(named[1]) if named else None
    if answer.number(b"FETCH") is None or uid is None:
        return None
    size, flags = SIZE.search(answer.line), FLAGS.search(answer.line)
    words = flags[1].decode("latin-1").lower().split() if flags else []
    return Found(uid=uid, size=_size(size[1]) if size else 0, flags=frozenset(words))


def _size(digits: bytes) -> int:
    size = number(digits)
    return GREATEST if size is None else size  # none that can be read is too large to fetch


def body_in(answer: Answer) -> bytes | None:
    """Return the body in a `FETCH`."""
    if answer.number(b"FETCH") is None or b"BODY[" not in answer.line:
        return None
    if answer.literals:
        return answer.literals[0]
    quoted = QUOTED_BODY.search(answer.line)
    return re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else None


def quoted(text: str) -> bytes:
    """Return a text as a quoted string; it may hold neither line ends nor NUL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return b'"' + escaped.encode("ascii") + b'"'


def folder_name(name: str) -> bytes:
    """Return a folder's name as servers know it: quoted, in modified UTF-7 (RFC 3501, 5.1.3)."""
    parts: list[str] = []
    foreign = ""
    for letter in [*name, ""]:
        if letter and not PRINTABLE.fullmatch(letter) and letter != "&":
            foreign += letter
            continue
        if foreign:
            encoded = b64encode(foreign.encode("utf-16-be")).decode().rstrip("=")
            parts.append(f"&{encoded.replace('/', ',')}-")
            foreign = ""
        parts.append("&-" if letter == "&" else letter)
    return quoted("".join(parts))
