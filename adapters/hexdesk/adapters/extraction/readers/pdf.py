"""PDF files page by page: the text they hold, and by OCR what is only a picture of text."""

from collections import deque
from concurrent.futures import Future
from typing import Any, BinaryIO

import msgspec

from hexdesk.adapters.extraction.readers.ocr import Recognizer, Words
from hexdesk.adapters.extraction.readers.pdfium import Page, PdfFile
from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet, RefusedError

LITTLE_TEXT = 16
"""A page with fewer characters and a picture on it may be a scan that bears a stamp."""


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read page after page; what there is no time or room for is left out, and said so."""
    document = PdfFile(file)
    count = document.page_count
    if count > outlet.bounds.pages:
        raise RefusedError(f"the PDF has {count} pages, and at most {outlet.bounds.pages} are read")
    pages = _Pages(outlet, Recognizer(ocr), count)
    for index in range(count):
        if outlet.is_truncated or outlet.is_late:
            break
        with document.page(index) as page:
            pages.read(index + 1, page)
    pages.finish()
    return {"pages": count, **document.facts(), **pages.counted()}


class _Page(msgspec.Struct, kw_only=True):
    """A page on its way out: its own text, and what will hold the words of its picture."""

    number: int
    text: str
    words: "Future[Words] | None"


class _Pages:
    """Puts pages out in their order, though pictures take longer than text."""

    def __init__(self, outlet: Outlet, recognizer: Recognizer, count: int) -> None:
        self._outlet = outlet
        self._recognizer = recognizer
        self._count = count
        self._waiting = deque[_Page]()
        self._seen = 0
        self._pictures = 0
        self._unread_pictures = 0

    def read(self, number: int, page: Page) -> None:
        """Take a page in; its text is out when those before it are."""
        self._seen = number
        text = page.text()
        letters = len("".join(text.split()))
        is_scan = page.has_picture() if letters else page.has_objects()
        words = self._begin(page) if is_scan and letters < LITTLE_TEXT else None
        self._waiting.append(_Page(number=number, text=text, words=words))
        while len(self._waiting) > self._recognizer.at_once or self._is_next_ready():
            self._put_next()

    def finish(self) -> None:
        """Put out what is still waiting."""
        while self._waiting:
            self._put_next()
        left_out = self._left_out()
        if left_out:
            if left_out == self._count:
                raise RefusedError("the PDF takes too long: not one page could be read in time")
            self._outlet.is_truncated = True

    def counted(self) -> dict[str, int]:
        """Return how many pages were read by OCR, and how many not at all."""
        counted = {"ocr_pages": self._pictures, "pages_left_out": self._left_out()}
        return {name: count for name, count in counted.items() if count}

    def _left_out(self) -> int:
        return self._count - self._seen + self._unread_pictures

    def _begin(self, page: Page) -> "Future[Words] | None":
        if self._outlet.is_late or self._pictures >= self._outlet.bounds.ocr_pages:
            self._unread_pictures += 1
            return None
        picture = page.picture()
        if picture is None:
            return None
        self._pictures += 1
        return self._recognizer.begin(picture)

    def _is_next_ready(self) -> bool:
        if not self._waiting:
            return False
        words = self._waiting[0].words
        return words is None or words.done()

    def _put_next(self) -> None:
        page = self._waiting.popleft()
        seen = page.words.result().text if page.words else ""
        is_stamp = len(seen) > 2 * LITTLE_TEXT or not page.text.strip()
        self._outlet.put(seen if is_stamp else page.text, page=page.number)
        self._outlet.progress(page.number / self._count)
