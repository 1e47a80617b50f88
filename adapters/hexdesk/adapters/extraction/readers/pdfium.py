"""PDFium, as far as it is needed; it comes without types."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO

from PIL import Image

from hexdesk.adapters.extraction.readers.ocr import DPI
from hexdesk.adapters.extraction.readers.reading import RefusedError, cleaned

pdfium: Any = import_module("pypdfium2")

POINTS = 72
MOST_PIXELS = 9_000_000
FACTS = {"Title": "title", "Author": "author", "Subject": "subject"}


class Page:
    """A page of a PDF file."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def text(self) -> str:
        """Return the text on it, in the order in which it was written there."""
        content = self._page.get_textpage()
        try:
            return content.get_text_range()
        finally:
            content.close()

    def has_objects(self) -> bool:
        """Return whether there is anything on it."""
        return pdfium.raw.FPDFPage_CountObjects(self._page) > 0

    def has_picture(self) -> bool:
        """Return whether there is a picture on it, if not very deep inside of other things."""
        wanted = (pdfium.raw.FPDF_PAGEOBJ_IMAGE,)
        return any(True for _ in self._page.get_objects(filter=wanted, max_depth=3))

    def picture(self) -> Image.Image | None:
        """Return it as a grey picture that is good to read, or None if it has no size."""
        width, height = self._page.get_size()
        if not (width >= 1 and height >= 1):
            return None
        scale = min(DPI / POINTS, (MOST_PIXELS / (width * height)) ** 0.5)
        bitmap = self._page.render(scale=scale, grayscale=True)
        try:
            return bitmap.to_pil().copy()
        finally:
            bitmap.close()


class PdfFile:
    """A PDF file that can be opened without a password."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._document = pdfium.PdfDocument(file)
        except pdfium.PdfiumError as error:
            if error.err_code == pdfium.raw.FPDF_ERR_PASSWORD:
                raise RefusedError("the PDF is encrypted: upload it without a password") from error
            raise RefusedError("the PDF is damaged: it cannot be opened") from error
        self.page_count = len(self._document)

    @contextmanager
    def page(self, index: int) -> Generator[Page]:
        """Load a page for as long as it is looked at."""
        page = self._document[index]
        try:
            yield Page(page)
        finally:
            page.close()

    def facts(self) -> dict[str, str]:
        """Return what it says about itself."""
        found = self._document.get_metadata_dict(skip_empty=True)
        return {name: cleaned(found[key]) for key, name in FACTS.items() if key in found}
