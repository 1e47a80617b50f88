"""The reader of files in memory is honest about what it can read."""

import pytest

from hexdesk.core.errors import ExtractionError, UnavailableError
from hexdesk.core.model.documents import FileType, Section
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.testing import MemoryExtraction
from hexdesk.core.testing.extraction_contract import ExtractionContract, document_of


class TestMemoryExtraction(ExtractionContract):
    @pytest.fixture
    def extraction(self) -> Extraction:
        return MemoryExtraction()


async def test_form_feeds_end_pages() -> None:
    extraction = MemoryExtraction()
    document = await document_of(extraction, b"one\n\f \ftwo\n", FileType.TXT)
    assert document.sections == (Section(text="one", page=1), Section(text="two", page=3))
    assert extraction.given == [FileType.TXT]
    assert extraction.open == 0


async def test_it_reads_utf_8_only() -> None:
    with pytest.raises(ExtractionError, match="UTF-8"):
        await document_of(MemoryExtraction(), "Größe".encode("cp1252"), FileType.TXT)


async def test_it_reads_no_pdf() -> None:
    with pytest.raises(ExtractionError, match="none that is read in memory"):
        await document_of(MemoryExtraction(), b"%PDF-1.7", FileType.PDF)


async def test_it_fails_as_it_is_told() -> None:
    with pytest.raises(UnavailableError):
        await document_of(MemoryExtraction(UnavailableError("down")), b"text", FileType.TXT)
