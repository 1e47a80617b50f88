"""Readers of subtitles that are wrong in one way each."""

from datetime import UTC, datetime
from tempfile import TemporaryFile

from msgspec.structs import replace

from hexdesk.core import ExtractedDocument, Section
from tests.contract import subtitles
from tests.contract.subtitles import SUBTITLES

_heard: list[Section] = []


def trusting(content: bytes) -> ExtractedDocument:
    """Believe that every file is whole."""
    return ExtractedDocument(sections=(Section(text=content.decode().split("\n", 2)[2]),))


def remembering(content: bytes) -> ExtractedDocument:
    """Add each file to those before, which may be another company's."""
    _heard.extend(subtitles.read(content).sections)
    return ExtractedDocument(sections=tuple(_heard))


def untidy(content: bytes) -> ExtractedDocument:
    """Put the file where the process may put nothing."""
    with TemporaryFile() as copy:
        copy.write(content)
    return subtitles.read(content)


def deaf(content: bytes) -> ExtractedDocument:
    """Find no text."""
    subtitles.read(content)
    return ExtractedDocument(sections=())


def elaborate(content: bytes) -> ExtractedDocument:
    """Tell what cannot be told by JSON."""
    return replace(subtitles.read(content), metadata={"read_at": datetime.now(UTC)})


READERS = {
    f"{__name__}:{one.__name__}": one for one in (trusting, remembering, untidy, deaf, elaborate)
}
TRUSTING, REMEMBERING, UNTIDY, DEAF, ELABORATE = (
    replace(SUBTITLES, reader=name) for name in READERS
)
MISSIGNED = replace(SUBTITLES, signature=b"SRT\0")
GRASPING = replace(SUBTITLES, extensions=("srt", "txt"))
MISNAMED = replace(SUBTITLES, reader="subtitles:raed")
