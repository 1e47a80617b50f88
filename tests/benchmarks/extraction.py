"""How long a file is read: a PDF of fifty pages in the sandbox, beside the bare library."""

import os
import time
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from hexdesk.adapters.extraction.sandbox import SandboxedExtraction
from hexdesk.core.model.documents import ExtractedDocument, FileType
from hexdesk.core.testing.extraction_contract import document_of
from tests.benchmarks.effort import Effort
from tests.benchmarks.report import Table, milliseconds, verdict
from tests.files.pdfs import pdf
from tests.files.pictures import scan_pdf, scanned

PAGES = 50
GOAL_SECONDS = 30
SENTENCES = (
    "Customers may return a lamp within thirty days of its delivery, unless it was made for them.",
    "The refund goes to the card that paid, and takes up to five working days to arrive there.",
    "Whoever sends a lamp back packs it as it came, and puts the number of the order on the box.",
    "A broken lamp is replaced at once, and nobody has to pay for sending the broken one to us.",
)
PAGE_CHARACTERS = 3500


async def measure_extraction(effort: Effort, folder: Path) -> list[Table]:
    """Measure a PDF with text, the same as scans, and the bare library on the first."""
    pages = [f"Page {number}. {_page_text(number)}" for number in range(1, PAGES + 1)]
    text = pdf(pages)
    readings = [await _read(text, scans=0) for _ in range(effort.rounds)]
    text_seconds = median(seconds for _, seconds in readings)
    bare = [_bare_seconds(text) for _ in range(effort.rounds)]
    count = effort.scanned_pages
    scans, scan_seconds = await _read(scan_pdf([scanned(page) for page in pages[:count]]), count)
    return [
        Table(
            title="Reading a PDF",
            columns=("what", "seconds", "ms/page", f"goal: {GOAL_SECONDS} s"),
            rows=(
                _row(
                    f"{PAGES} pages of text, in the sandbox",
                    text_seconds,
                    PAGES,
                ),
                _row(f"{PAGES} pages of text, bare pypdfium2, loaded", median(bare), PAGES),
                _row(f"{count} scanned pages, in the sandbox", scan_seconds, count),
            ),
            remark=(
                f"{_words_a_page(readings[0][0])} words a page, {_words_a_page(scans)} on a scan."
                " The sandbox's seconds have the start of its process in them."
                f" Medians of {effort.rounds}; the scans once, on {os.cpu_count()} cores."
            ),
        )
    ]


def _row(what: str, seconds: float, pages: int) -> tuple[str, str, str, str]:
    goal = verdict(seconds * PAGES / pages, GOAL_SECONDS) if "sandbox" in what else ""
    return what, f"{seconds:.2f}", milliseconds(seconds / pages), goal


async def _read(content: bytes, scans: int) -> tuple[ExtractedDocument, float]:
    """Return the document, and the seconds that it took."""
    began = time.perf_counter()
    document = await document_of(SandboxedExtraction(), content, FileType.PDF)
    taken = time.perf_counter() - began
    _check(document, scans)
    return document, taken


def _words_a_page(document: ExtractedDocument) -> int:
    return document.metadata["words"] // document.metadata["pages"]


def _check(document: ExtractedDocument, scans: int) -> None:
    """Fail if pages are missing: what was not read costs nothing."""
    assert document.metadata["pages"] == len(document.sections), document.metadata
    assert document.metadata.get("ocr_pages", 0) == scans
    assert all(section.text.startswith("Page") for section in document.sections)


def _bare_seconds(content: bytes) -> float:
    pdfium: Any = import_module("pypdfium2")
    began = time.perf_counter()
    document = pdfium.PdfDocument(content)
    for index in range(len(document)):
        document[index].get_textpage().get_text_range()
    return time.perf_counter() - began


def _page_text(number: int) -> str:
    text = ""
    while len(text) < PAGE_CHARACTERS:
        text += SENTENCES[(number + len(text)) % len(SENTENCES)] + " "
    return text
