"""Files read in memory: honest for plain text, and for nothing else."""

from collections.abc import AsyncGenerator, AsyncIterable

from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import (
    ExtractedDocument,
    ExtractionProgress,
    FileType,
    Section,
)
from hexdesk.core.policy.file_types import TEXTS, possible_types
from hexdesk.core.ports.extraction import Extraction

MOST_BYTES = 20_000_000


class MemoryExtraction(Extraction):
    """Reads texts in UTF-8; remembers which types it was given. `error` is raised if there is one.

    A form feed ends a page, so that pages can be had without a PDF.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.given: list[str] = []
        self.open = 0

    async def extract(
        self, content: AsyncIterable[bytes], content_type: str
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        self.given.append(content_type)
        self.open += 1
        try:
            data = b"".join([chunk async for chunk in content])
            if self.error:
                raise self.error
            yield ExtractionProgress(0.5)
            yield _document(data, FileType(content_type))
        finally:
            self.open -= 1


def _document(data: bytes, file_type: FileType) -> ExtractedDocument:
    if not data:
        raise ExtractionError("the file is empty")
    if file_type not in possible_types(data) or file_type not in TEXTS:
        raise ExtractionError(f"the file is no {file_type.name}, or none that is read in memory")
    try:
        text = data[:MOST_BYTES].decode(errors="ignore" if len(data) > MOST_BYTES else "strict")
    except UnicodeDecodeError as error:
        raise ExtractionError("the file is no text in UTF-8") from error
    pages = text.split("\f")
    sections = tuple(
        Section(text=page.strip("\n"), page=number if len(pages) > 1 else None)
        for number, page in enumerate(pages, 1)
        if page.strip()
    )
    if not sections:
        raise ExtractionError("the file holds no text")
    return ExtractedDocument(
        sections=sections,
        metadata={"encoding": "utf-8", "words": len(text.split())},
        truncated=len(data) > MOST_BYTES,
    )
