"""A look into an Office file before any parser: is it what it says, and of a bearable size?"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from hexdesk.adapters.extraction.readers.reading import Bounds, RefusedError
from hexdesk.core.model.documents import FileType

MOST_ENTRIES = 5000
HIGHEST_RATIO = 200
HARMLESS = 1_000_000
PIECE = 1_000_000
OVERLAP = 200
CONTENT_TYPES = "[Content_Types].xml"
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 1
MAIN_PARTS = {
    FileType.DOCX: re.compile(rb"wordprocessingml\.document\.main|ms-word\.document\.macro"),
    FileType.XLSX: re.compile(rb"spreadsheetml\.sheet\.main|ms-excel\.sheet\.macro"),
}
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
# A NUL between two letters: UTF-16.
ENTITIES = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C|E\x00?N\x00?T)")
# A cell that holds something; `<c r="A1"/>` has a style only, and costs its reader nothing.
CELL = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*\s)?r=["\']([A-Z]{1,3})(\d{1,7})["\'][^>]*(?<!/)>')


class Extent:
    """How far a sheet reaches; a reader makes room for all of it, however few cells there are."""

    def __init__(self) -> None:
        self.columns = 0
        self.rows = 0
        self._numbers: dict[bytes, int] = {}

    def grow(self, column: bytes, row: bytes) -> None:
        """Take in a cell, as `XFD` and `1048576`."""
        if column not in self._numbers:
            self._numbers[column] = _number(column)
            self.columns = max(self.columns, self._numbers[column])
        self.rows = max(self.rows, int(row))


def check_archive(file: BinaryIO, file_type: FileType, bounds: Bounds) -> None:
    """Raise `RefusedError` unless the archive is a document of this type and can be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_entries(archive, bounds)
            _check_type(archive, file_type)
            _check_parts(archive, bounds)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise RefusedError("the file is damaged: it is not a whole archive") from error
    file.seek(0)


def _check_entries(archive: zipfile.ZipFile, bounds: Bounds) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(f"the file has too many parts: {len(entries)}, at most {MOST_ENTRIES}")
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise RefusedError("the file is encrypted: upload it without a password")
    if any(entry.compress_type not in METHODS for entry in entries):
        raise RefusedError("the file is packed in a way that Office programs do not use")
    if sum(entry.file_size for entry in entries) > bounds.inflated_bytes:
        most = bounds.inflated_bytes // 1_000_000
        raise RefusedError(f"the file is too large when unpacked: more than {most} MB")
    for entry in entries:
        if entry.file_size > max(HARMLESS, HIGHEST_RATIO * entry.compress_size):
            raise RefusedError("the file is packed too tightly to be a document")


def _check_type(archive: zipfile.ZipFile, file_type: FileType) -> None:
    if CONTENT_TYPES not in archive.namelist():
        raise RefusedError("the file is an archive, but no Office document")
    with archive.open(CONTENT_TYPES) as part:
        declared = part.read(HARMLESS)
    for one, mark in MAIN_PARTS.items():
        if (mark.search(declared) is not None) != (one is file_type):
            raise RefusedError(f"the file is no {file_type.name} document, whatever its name says")


def _check_parts(archive: zipfile.ZipFile, bounds: Bounds) -> None:
    """Unpack every part of text once: sizes may be a lie, and entities are a trap."""
    for entry in archive.infolist():
        if not entry.filename.lower().endswith((".xml", ".rels")):
            continue
        extent = Extent()
        is_sheet = SHEET.fullmatch(entry.filename) is not None
        for piece in _pieces(archive, entry):
            if ENTITIES.search(piece):
                raise RefusedError("the file declares XML entities, which no Office program writes")
            for found in CELL.finditer(piece) if is_sheet else ():
                extent.grow(found[1], found[2])
        if extent.columns * extent.rows > bounds.cells:
            raise RefusedError(
                f"a sheet is too large: it has {extent.rows} rows and {extent.columns} columns,"
                f" and at most {bounds.cells} cells are read"
            )


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part piece by piece, each beginning with the end of the one before."""
    with archive.open(entry) as part:
        last = b""
        while piece := part.read(PIECE):
            yield last + piece
            last = piece[-OVERLAP:]


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number
