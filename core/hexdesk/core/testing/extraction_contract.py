"""What reading files promises, whoever reads them."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import ExtractedDocument, ExtractionProgress, FileType
from hexdesk.core.ports.extraction import Extraction

LETTER = "Dear desk,\n\nmy lamp came broken. Größe: 20 cm.\n\nAnn\n"
MOST_BYTES = 20_000_000


class ExtractionContract:
    """Subclasses give `extraction`."""

    async def test_a_text_is_read_as_it_is(self, extraction: Extraction) -> None:
        document = await document_of(extraction, LETTER.encode(), FileType.TXT)
        assert "\n".join(section.text for section in document.sections) == LETTER.strip()
        assert not document.truncated

    async def test_what_is_known_of_a_text_is_told(self, extraction: Extraction) -> None:
        document = await document_of(extraction, LETTER.encode(), FileType.MD)
        assert document.metadata["encoding"] == "utf-8"
        assert document.metadata["words"] == len(LETTER.split())

    async def test_progress_rises_and_the_document_comes_last(self, extraction: Extraction) -> None:
        heard = [one async for one in extraction.extract(chunks(LETTER.encode()), FileType.TXT)]
        *progress, last = heard
        assert isinstance(last, ExtractedDocument)
        done = [one.done for one in progress if isinstance(one, ExtractionProgress)]
        assert len(done) == len(progress)
        assert done == sorted(done)
        assert all(0 <= one <= 1 for one in done)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "empty"),
            (b" \n\t\r\n ", "no text"),
            (b"\x89PNG\r\n\x1a\n and so on", "is no TXT"),
            (b"MZ\x90\x00\x03\x00\x00\x00", "is no TXT"),
            (b"%PDF-1.7\n", "is no TXT"),
        ],
    )
    async def test_what_is_no_text_is_refused_with_the_reason(
        self, extraction: Extraction, content: bytes, reason: str
    ) -> None:
        with pytest.raises(ExtractionError, match=reason):
            await document_of(extraction, content, FileType.TXT)

    async def test_a_text_is_no_picture(self, extraction: Extraction) -> None:
        with pytest.raises(ExtractionError, match="is no PNG"):
            await document_of(extraction, LETTER.encode(), FileType.PNG)

    async def test_a_text_without_end_is_cut(self, extraction: Extraction) -> None:
        content = b"one more line of the log\n" * (MOST_BYTES // 25 + 1000)
        document = await document_of(extraction, content, FileType.TXT)
        assert document.truncated
        assert sum(len(section.text) for section in document.sections) <= MOST_BYTES

    async def test_a_reading_can_be_given_up_and_another_begun(
        self, extraction: Extraction
    ) -> None:
        async with aclosing(extraction.extract(chunks(LETTER.encode()), FileType.TXT)) as reading:
            await anext(reading)
        assert (await document_of(extraction, LETTER.encode(), FileType.TXT)).sections

    async def test_content_that_breaks_off_is_the_callers_to_hear(
        self, extraction: Extraction
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"Dear"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            [one async for one in extraction.extract(broken(), FileType.TXT)]


async def chunks(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """Yield the content in pieces, as a store does."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def document_of(
    extraction: Extraction, content: bytes, content_type: str
) -> ExtractedDocument:
    """Return the document that comes last."""
    *_, last = [one async for one in extraction.extract(chunks(content), content_type)]
    assert isinstance(last, ExtractedDocument)
    return last
