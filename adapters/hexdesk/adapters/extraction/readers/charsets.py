"""In which encoding a text was written."""

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from hexdesk.adapters.extraction.readers.reading import RefusedError
from hexdesk.core.policy.file_types import utf16_of

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16"} | {
    codecs.BOM_UTF16_BE: "utf-16"
}
SAMPLE = 64_000
WESTERN = "cp1252"
# What people's programs write, by script; narrower than what there is, hence surer.
CANDIDATES = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "cp866"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
# In cp1252 these stand among letters only where the text is really of another encoding.
MISPLACED = re.compile(r"(?<=[^\W\d_])[\u00a1-\u00bf\u00d7\u00f7\u2020-\u203a]+(?=[^\W\d_])")
MOST_MISPLACED = 0.1
NOT_ASCII = re.compile(rb"[\x80-\xff]")


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding, or raise `RefusedError` if it is no text."""
    encoding = encoding_of(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # The sample was of this encoding, and a few bytes later on are not.
        text = data.decode(encoding, errors="replace")
    if "\x00" in text:
        raise RefusedError("the file holds NUL characters: it is not text")
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def encoding_of(data: bytes) -> str:
    """Return the encoding: by its mark, else UTF-8 if it is valid, else the most likely one."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    if wide := utf16_of(data):
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _likely(_telling(data))
    return "utf-8"


def _telling(data: bytes) -> bytes:
    """Return a sample from the first line on that says anything: one with more than ASCII."""
    first = NOT_ASCII.search(data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    return data[start : start + SAMPLE]


def _likely(sample: bytes) -> str:
    best = from_bytes(sample, cp_isolation=CANDIDATES, threshold=0.5).best()
    guess = best.encoding if best else WESTERN
    if guess != WESTERN and _is_western(sample) and _is_latin(sample.decode(guess, "ignore")):
        return WESTERN
    return guess


def _is_western(sample: bytes) -> bool:
    try:
        text = sample.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    telling = sum(char > "\x7f" for char in text)
    misplaced = sum(len(found) for found in MISPLACED.findall(text))
    return misplaced <= telling * MOST_MISPLACED


def _is_latin(text: str) -> bool:
    letters = [char for char in text if char > "\x7f" and char.isalpha()]
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return latin * 2 >= len(letters)
