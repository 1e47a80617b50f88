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
WESTERN, TURKISH, JAPANESE = "cp1252", "cp1254", "cp932"
EASTERN = frozenset({"cp949", "big5", "gb18030"})
# What people's programs write, by script; narrower than what there is, hence surer.
CANDIDATES = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "cp866"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
# In cp1252 these stand among letters only where the text is really of another encoding.
MISPLACED = re.compile(r"(?<=[^\W\d_])[\u00a1-\u00bf\u00d7\u00f7\u2020-\u203a]+(?=[^\W\d_])")
# What Turkish letters look like in cp1252; Icelandic has these too, and then the second ones.
ICELANDIC = re.compile(r"[ðþýÐÞÝ]+")
ACUTE = re.compile(r"[áéíóúæÁÉÍÓÚÆ]+")
KANA = re.compile(r"[\u3040-\u30ff]+")
SOME = 0.1
WHOLE_FOR_BROKEN = 20
NOT_ASCII = re.compile(rb"[\x80-\xff]")


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding, or raise `RefusedError` if it is no text."""
    encoding = encoding_of(data)
    # Here and there a byte may be of another encoding: that is no reason to refuse the rest.
    text = data.decode(encoding, errors="replace")
    if "\x00" in text:
        raise RefusedError("the file holds NUL characters: it is not text")
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def encoding_of(data: bytes) -> str:
    """Return the encoding: by its mark, else UTF-8 if it is that, else the most likely one."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    if wide := utf16_of(data):
        return wide
    return "utf-8" if _is_utf8(data) else _likely(_telling(data))


def _is_utf8(data: bytes) -> bool:
    """Return whether this is UTF-8, give or take a few broken bytes, or an end that was cut."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    # Every letter of several bytes that is whole makes the text shorter than its bytes.
    return broken * WHOLE_FOR_BROKEN <= len(data) - len(text)


def _telling(data: bytes) -> bytes:
    """Return a sample from the first line on that says anything: one with more than ASCII."""
    first = NOT_ASCII.search(data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    return data[start : start + SAMPLE]


def _likely(sample: bytes) -> str:
    """Return the best guess, mended where guesses are known to go wrong."""
    best = from_bytes(sample, cp_isolation=CANDIDATES, threshold=0.5).best()
    guess = best.encoding if best else WESTERN
    if guess in EASTERN and _share(sample, JAPANESE, KANA) > SOME:
        return JAPANESE
    if not _is_latin(sample.decode(guess, "ignore")):
        return guess
    if _share(sample, WESTERN, ICELANDIC) > 0 == _share(sample, WESTERN, ACUTE):
        return TURKISH
    if 0 <= _share(sample, WESTERN, MISPLACED) < SOME:
        return WESTERN
    return guess


def _share(sample: bytes, encoding: str, marked: re.Pattern[str]) -> float:
    """Return which share of the telling characters is so marked; -1 if it cannot be decoded."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return -1
    telling = sum(char > "\x7f" for char in text)
    return sum(len(found) for found in marked.findall(text)) / max(telling, 1)


def _is_latin(text: str) -> bool:
    letters = [char for char in text if char > "\x7f" and char.isalpha()]
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return latin * 2 >= len(letters)
