"""Plain text and Markdown."""

from typing import Any, BinaryIO

from hexdesk.adapters.extraction.readers.charsets import decoded
from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read a text in whatever encoding; more than may be kept is not even looked at."""
    # No encoding of ours needs more than four bytes where UTF-8 needs one.
    text, encoding = decoded(file.read(outlet.bounds.text_bytes * 4))
    outlet.put(text)
    return {"encoding": encoding, "lines": text.count("\n") + 1}
