"""Words in pictures, by Tesseract."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import local

import msgspec
from PIL import Image, ImageFilter, ImageOps
from tesserocr import PSM, PyTessBaseAPI

from hexdesk.adapters.extraction.readers.reading import Ocr

DPI = 150
SURE = 60
LEAST_SURE = 40
"""Below this, of 100, the words are not what is written: they are noise, or upside down."""

# What may be wrong with a picture of which little can be read: it is light on dark, upside down
# (turned by a quarter Tesseract sees itself), or full of specks.
REMEDIES: tuple[Callable[[Image.Image], Image.Image], ...] = (
    ImageOps.invert,
    lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    lambda picture: picture.filter(ImageFilter.MedianFilter(3)),
)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, and how sure Tesseract is of it, from 0 to 100."""

    text: str = ""
    confidence: int = 0


class Recognizer:
    """Reads several pictures at once: Tesseract lets go of the interpreter while it reads."""

    def __init__(self, ocr: Ocr) -> None:
        self._ocr = ocr
        self._pool = ThreadPoolExecutor(ocr.threads)
        self._own = local()
        self.at_once = ocr.threads * 2  # so that one always waits when another is read

    def begin(self, picture: Image.Image) -> "Future[Words]":
        """Begin to read a grey picture, and return what will hold its words."""
        return self._pool.submit(self._read, picture)

    def _read(self, picture: Image.Image) -> Words:
        best = self._attempt(picture)
        for remedy in REMEDIES:
            if best.confidence >= SURE:
                break
            best = max(best, self._attempt(remedy(picture)), key=lambda words: words.confidence)
        return best if best.confidence >= LEAST_SURE else Words()

    def _attempt(self, picture: Image.Image) -> Words:
        tesseract = self._tesseract()
        tesseract.SetImage(picture)  # pyright: ignore[reportUnknownMemberType] - a type is missing
        tesseract.SetSourceResolution(DPI)
        text = tesseract.GetUTF8Text()
        # It is very sure of nothing where it sees nothing.
        return Words(text=text, confidence=tesseract.MeanTextConf()) if text.strip() else Words()

    def _tesseract(self) -> PyTessBaseAPI:
        """Return the one of this thread: they cannot be shared."""
        tesseract: PyTessBaseAPI | None = getattr(self._own, "tesseract", None)
        if tesseract is None:
            tesseract = self._own.tesseract = PyTessBaseAPI(
                path=self._ocr.tessdata, lang=self._ocr.languages, psm=PSM.AUTO
            )
            # Else each line is tried the other way round, which takes time on every page.
            tesseract.SetVariable("tessedit_do_invert", "0")
        return tesseract
