"""What parent and child say to each other: an order on the way in, then words of one kind each."""

import struct
from collections.abc import Iterator

import msgspec

from hexdesk.adapters.extraction.readers.reading import Bounds, Ocr
from hexdesk.core.model.documents import ExtractionProgress, FileType, Section, TextExtractor

SIZE = struct.Struct(">I")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one file may cost; the system ends a reader that asks for more."""

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 100
    wall_seconds: float = 120


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """How a child is kept apart: what keeps it off the network, and from others' files.

    None is nothing; the words are for people.
    """

    network: str | None = None
    files: str | None = None
    processes: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is to do: read a file of this type, within these limits.

    Without a type it only locks itself in, and tells how well.
    """

    file_type: FileType | TextExtractor | None
    parent: int
    limits: Limits
    bounds: Bounds
    ocr: Ocr
    needs_isolation: bool = True


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child has locked itself in; only now it may look at the file."""

    isolation: Isolation


class Going(msgspec.Struct, frozen=True, tag="going"):
    """The reading goes on."""

    done: float


class Found(msgspec.Struct, frozen=True, tag="found", kw_only=True):
    """A section was read."""

    text: str
    page: int | None = None
    sheet: str | None = None


class Finished(msgspec.Struct, frozen=True, tag="finished", kw_only=True):
    """The file was read."""

    metadata: dict[str, str | int | float | list[str]]
    truncated: bool


class Refused(msgspec.Struct, frozen=True, tag="refused", kw_only=True):
    """The file cannot be read; `cause` names the error of its parser, for our log."""

    reason: str
    cause: str | None = None


Word = Ready | Going | Found | Finished | Refused

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Word)


def packed(word: Word) -> bytes:
    """Return a word as it goes through the pipe: its size, then MessagePack."""
    content = _encoder.encode(word)
    return SIZE.pack(len(content)) + content


def unpacked(content: bytes) -> Word:
    """Return the word, or raise `msgspec.DecodeError`: whoever speaks may be out of its mind."""
    word = _decoder.decode(content)
    # A reader of ours leaves no NUL in a text, and no storage takes one.
    if any("\x00" in text for text in _texts(word)):
        raise msgspec.ValidationError("a text holds NUL")
    return word


def spoken(said: ExtractionProgress | Section) -> Word:
    """Return what a reader says as a word."""
    if isinstance(said, ExtractionProgress):
        return Going(said.done)
    return Found(text=said.text, page=said.page, sheet=said.sheet)


def _texts(word: Word) -> Iterator[str]:
    """Yield the texts in a word that are stored or shown."""
    if isinstance(word, Found):
        yield word.text
        yield word.sheet or ""
    elif isinstance(word, Refused):
        yield word.reason
    elif isinstance(word, Finished):
        yield from word.metadata
        for fact in word.metadata.values():
            yield from fact if isinstance(fact, list) else (str(fact),)
