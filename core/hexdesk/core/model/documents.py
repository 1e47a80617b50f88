"""Documents: what files hold, as text."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec


class FileType(StrEnum):
    """The types of files that are read, by their content type."""

    PDF = "application/pdf"
    TXT = "text/plain"
    MD = "text/markdown"
    CSV = "text/csv"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PNG = "image/png"
    JPEG = "image/jpeg"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document's text, and where it stands: on a page, counted from 1, or a sheet."""

    text: str
    page: int | None = None
    sheet: str | None = None


class ExtractionProgress(msgspec.Struct, frozen=True):
    """How far the reading of a file is, from 0 to 1."""

    done: Annotated[float, msgspec.Meta(ge=0, le=1)]


class ExtractedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a file, in reading order; `truncated` if there was more than is kept.

    `metadata` holds what is known of the file: `pages`, `title`, `encoding`, `words` and so on.
    """

    sections: tuple[Section, ...]
    metadata: dict[str, Any] = {}
    truncated: bool = False


class TextExtractor(msgspec.Struct, frozen=True, kw_only=True):
    """How files of a further type are read.

    `content_type` is the type's name, `extensions` are how such files' names end, without the dot,
    and `signature` is how they begin, unless they are text. `reader` names a function as
    `module:function`. It runs where it has no network and may open nothing, is given the file's
    bytes, and returns an `ExtractedDocument`; it raises `ExtractionError` with words for the file's
    owner.
    """

    name: str
    content_type: str
    extensions: tuple[str, ...]
    signature: bytes = b""
    reader: str
