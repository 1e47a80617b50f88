"""What every reader is given and says: bounds, an outlet for text, and a refusal."""

import re
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import msgspec

from hexdesk.core.model.documents import ExtractionProgress, Section

SMALLEST_STEP = 0.01
BREAKS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
# U+0000 and lone surrogates cannot be stored; U+0002 and U+FFFE are how PDFium tells a hyphen.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]|[\x02\ufffe]\n?")


class RefusedError(Exception):
    """The file cannot be read; the message says why, in words for whoever sent it."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is read of one file; `seconds` and `cpu_seconds` are where OCR stops."""

    text_bytes: int = 20_000_000
    pages: int = 5000
    cells: int = 5_000_000
    inflated_bytes: int = 256_000_000
    pixels: int = 50_000_000
    ocr_pages: int = 200
    seconds: float = 100
    cpu_seconds: float = 85


class Ocr(msgspec.Struct, frozen=True, kw_only=True):
    """How text is read from pictures: where Tesseract's data lie, and how many read at once."""

    tessdata: str
    languages: str = "eng"
    threads: int = 2


class Outlet:
    """Where a reader puts what it finds; takes no more text than the bounds allow."""

    def __init__(self, say: Callable[[ExtractionProgress | Section], None], bounds: Bounds) -> None:
        self.bounds = bounds
        self.is_truncated = False
        self.words = 0
        self._say = say
        self._room = bounds.text_bytes
        self._done = 0.0
        self._began = time.perf_counter()

    def put(self, text: str, *, page: int | None = None, sheet: str | None = None) -> None:
        """Give a section's text, if it has any."""
        text = cleaned(text).strip("\n")
        if not text.strip():
            return
        size = len(text.encode())
        if size > self._room:
            text = text.encode()[: self._room].decode(errors="ignore")
            self.is_truncated = True
        self._room -= size
        if text.strip():
            self.words += len(text.split())
            self._say(Section(text=text, page=page, sheet=sheet))

    def check_for_text(self) -> None:
        """Raise `RefusedError` if there was none."""
        if not self.words:
            raise RefusedError("the file holds no text, or none that can be read")

    def progress(self, done: float) -> None:
        """Say how far the reading is, from 0 to 1; small steps are not worth a word."""
        if done >= self._done + SMALLEST_STEP:
            self._done = min(done, 1.0)
            self._say(ExtractionProgress(self._done))

    @property
    def is_late(self) -> bool:
        """Return whether so much time is used up that the reading should come to its end."""
        return (
            time.perf_counter() - self._began > self.bounds.seconds
            or time.process_time() > self.bounds.cpu_seconds
        )


class Read(Protocol):
    """Reads a file of one type."""

    def __call__(self, file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
        """Put the file's sections into the outlet and return its metadata."""
        ...


def cleaned(text: str) -> str:
    """Return the text as it may be stored, with one kind of line break."""
    return UNSTORABLE.sub("", BREAKS.sub("\n", text))
