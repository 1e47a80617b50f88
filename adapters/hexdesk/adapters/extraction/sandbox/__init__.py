"""Files are read by children that are locked in: this machine's limits against their bombs."""

from hexdesk.adapters.extraction.readers.reading import Bounds, Ocr
from hexdesk.adapters.extraction.sandbox.extraction import (
    SandboxedExtraction,
    bundled_ocr,
    find_isolation,
)
from hexdesk.adapters.extraction.sandbox.wire import Isolation, Limits

__all__ = [
    "Bounds",
    "Isolation",
    "Limits",
    "Ocr",
    "SandboxedExtraction",
    "bundled_ocr",
    "find_isolation",
]
