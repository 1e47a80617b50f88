"""How the desk reads files that strangers send."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Protocol

from hexdesk.core.model.documents import ExtractedDocument, ExtractionProgress


class Extraction(Protocol):
    """Turns a file into text; whatever the file does, the caller lives and is told."""

    @abstractmethod
    def extract(
        self, content: AsyncIterable[bytes], content_type: str
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        """Yield how far it is while it reads, and the document last.

        `content_type` is one of `FileType`, or that of a `TextExtractor`. Progress never goes
        back. Raise `ExtractionError` for a file that cannot be read, is of
        another type, holds no text, or asks for more time or memory than a file gets;
        `UnavailableError` if none can be read here now. Closing the generator ends the reading.
        """
