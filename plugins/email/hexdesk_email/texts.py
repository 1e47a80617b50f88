"""From a part's bytes to text: charsets that lie, and HTML."""

import html
import re

import charset_normalizer

# inscriptis has annotations, and no py.typed to say so
from inscriptis import get_text  # pyright: ignore[reportMissingTypeStubs]  # see above

LONGEST_HTML = 1_000_000
# Fewer letters than these say too little about the charset that they are in.
ENOUGH_TO_GUESS = 20
SAMPLE = 20_000

# Charsets by the names that mailers give them, where Python has another or a wider one.
ALIASES = {
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "latin-1": "cp1252",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "ascii",
}
# Python takes these for charsets; they are slow, or do something else.
NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
TAG = re.compile(r"<[^<>]*>")
BLANKS = re.compile(r"\n\s*\n\s*\n+")


def decoded(data: bytes, charset: str) -> str:
    """Return the text of some bytes, in the charset they claim if they are in it."""
    name = charset.strip().lower()
    for candidate in (ALIASES.get(name, name), "utf-8"):
        if candidate.replace("-", "_") in NO_CHARSETS:
            continue
        try:
            return clean(data.decode(candidate))
        except (LookupError, ValueError):
            continue
    return clean(data.decode(_guessed(data), "replace"))


def text_of_html(source: str) -> str:
    """Return what a reader would see of HTML, as text."""
    source = source[:LONGEST_HTML]
    try:
        text = get_text(source)
    except Exception:  # noqa: BLE001  # whatever hostile HTML does to it, the rest is still read
        text = ""
    # Deeply nested HTML leaves nothing behind.
    text = text if text.strip() else html.unescape(TAG.sub(" ", source))
    return clean(BLANKS.sub("\n\n", text)).strip()


def clean(text: str) -> str:
    """Return the text with plain line ends, and without what no storage takes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNSEEN.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def _guessed(data: bytes) -> str:
    if sum(byte > 127 for byte in data[:SAMPLE]) < ENOUGH_TO_GUESS:  # noqa: PLR2004  # ASCII ends there
        return "cp1252"
    best = charset_normalizer.from_bytes(data[:SAMPLE]).best()
    return "cp1252" if best is None else best.encoding
