"""The child: locks itself in, reads one file from its standard input, and tells what it found.

`python -I -m hexdesk.adapters.extraction.sandbox.child <order>`; words go to standard output.
"""

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import BinaryIO

import msgspec

from hexdesk.adapters.extraction.readers.reading import Outlet, Read, RefusedError
from hexdesk.adapters.extraction.sandbox.confinement import bound, isolate
from hexdesk.adapters.extraction.sandbox.linux import die_with
from hexdesk.adapters.extraction.sandbox.plugins import plugins_reader
from hexdesk.adapters.extraction.sandbox.wire import (
    Finished,
    Order,
    Ready,
    Refused,
    Word,
    packed,
    spoken,
)
from hexdesk.core.model.documents import FileType, TextExtractor
from hexdesk.core.policy.file_types import HEAD_BYTES, begins_like, possible_types, why_unread

STANDARD_INPUT, STANDARD_OUTPUT = 0, 1
MODULES = {
    FileType.PDF: "pdf",
    FileType.TXT: "text",
    FileType.MD: "text",
    FileType.CSV: "csv",
    FileType.XLSX: "xlsx",
    FileType.DOCX: "docx",
    FileType.PNG: "image",
    FileType.JPEG: "image",
}
READERS = "hexdesk.adapters.extraction.readers"


def main(readers: Mapping[FileType | TextExtractor, Read] | None = None) -> None:
    """Do what the order in the arguments says; other readers than ours are for tests."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    die_with(order.parent)
    bound(order.limits)
    isolation = isolate(order.ocr.tessdata)
    say(Ready(isolation))
    if order.file_type is None or (order.needs_isolation and isolation.network is None):
        return
    reader = readers[order.file_type] if readers else reader_of(order.file_type)
    with os.fdopen(STANDARD_INPUT, "rb") as file:
        say(outcome(file, order, reader, say))


def reader_of(file_type: FileType | TextExtractor) -> Read:
    """Load what reads files of this type, and no other: each brings a library along."""
    if isinstance(file_type, TextExtractor):
        return plugins_reader(file_type)
    return import_module(f"{READERS}.{MODULES[file_type]}").read


def outcome(file: BinaryIO, order: Order, reader: Read, say: Callable[[Word], None]) -> Word:
    """Read the file, say what is found on the way, and return how it ended."""
    outlet = Outlet(lambda said: say(spoken(said)), order.bounds)
    try:
        check_head(file, order.file_type)
        metadata = reader(file, outlet, order.ocr)
        outlet.check_for_text()
    except RefusedError as error:
        return Refused(reason=str(error))
    except MemoryError:
        megabytes = order.limits.memory_bytes >> 20
        return Refused(reason=f"the file needs more memory than a file gets: {megabytes} MB")
    except Exception as error:  # noqa: BLE001 - hostile files make parsers raise anything
        return Refused(reason="the file is damaged: it cannot be read", cause=type(error).__name__)
    facts = {name: fact for name, fact in metadata.items() if fact is not None and fact != ""}
    return Finished(metadata={**facts, "words": outlet.words}, truncated=outlet.is_truncated)


def check_head(file: BinaryIO, file_type: FileType | TextExtractor | None) -> None:
    """Raise `RefusedError` if the file's first bytes are of another type."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise RefusedError("the file is empty")
    if isinstance(file_type, TextExtractor):
        if not begins_like(file_type, head):
            raise RefusedError(why_unread(head, file_type.name))
    elif file_type not in possible_types(head):
        raise RefusedError(why_unread(head, file_type.name if file_type else "file"))


def say(word: Word) -> None:
    """Say a word to the parent, whole."""
    rest = memoryview(packed(word))
    while rest:
        rest = rest[os.write(STANDARD_OUTPUT, rest) :]


if __name__ == "__main__":
    main()
