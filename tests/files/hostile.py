"""Files that are made to do harm, or that something happened to on their way."""

import zipfile
from collections.abc import Callable, Mapping
from hashlib import shake_128
from itertools import pairwise

import msgspec

from hexdesk.adapters.extraction.sandbox import Bounds, Limits
from hexdesk.core.model.documents import FileType
from tests.files import office, pdfs, pictures

MEGABYTE = 1 << 20
POLICY = "Customers may return a lamp within thirty days."
SMALL = Limits(memory_bytes=512 * MEGABYTE, cpu_seconds=20, wall_seconds=60)
NAMES = "abcdefghij"


class Hostile(msgspec.Struct, frozen=True, kw_only=True):
    """A file, what is claimed for it, and words that must be in the reason why it is refused."""

    file_type: FileType
    content: Callable[[], bytes]
    reason: str
    limits: Limits = Limits()
    bounds: Bounds = Bounds()


def noise(size: int) -> bytes:
    """Return bytes that mean nothing, the same each time."""
    return shake_128(b"noise").digest(size)


def half(content: bytes) -> bytes:
    """Return what arrives when a line breaks."""
    return content[: len(content) // 2]


def laughing() -> bytes:
    """Return a Word document whose one word is a billion words."""
    entities = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(NAMES)
    )
    prolog = f'<!DOCTYPE l [<!ENTITY {NAMES[0]} "haha">{entities}]>'
    return office.docx_of(office.paragraph(f"&{NAMES[-1]};"), prolog=prolog)


def curious(encoding: str = "utf-8") -> bytes:
    """Return a Word document that asks for a file of the machine that reads it."""
    prolog = '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    if encoding == "utf-8":
        return office.docx_of(office.paragraph("&x;"), prolog=prolog)
    asks = office.docx_of(office.paragraph("&x;"), prolog=prolog)
    part = office.part_of(asks, office.DOCUMENT).decode().replace("UTF-8", "UTF-16")
    return office.replaced(asks, {office.DOCUMENT: part.encode(encoding)})


def corner() -> bytes:
    """Return a spreadsheet with a cell at its beginning and one at its very end."""
    cells = [office.cell(1, 1, "first"), office.cell(16_384, 1_048_576, "last")]
    return office.spreadsheet(["Corner"], {office.FIRST_SHEET: office.sheet_of(cells)})


def nested(depth: int) -> bytes:
    """Return a Word document of boxes in boxes."""
    return office.docx_of("<w:sdt>" * depth + office.paragraph("inside") + "</w:sdt>" * depth)


def bulky(part: bytes) -> bytes:
    """Return a Word document with a part of many megabytes that are well packed."""
    return office.replaced(office.docx(POLICY), {office.DOCUMENT: part})


HOSTILE: Mapping[str, Hostile] = {
    "an empty file": Hostile(file_type=FileType.PDF, content=bytes, reason="empty"),
    "blanks only": Hostile(
        file_type=FileType.TXT, content=lambda: b" \n\t\r\n" * 1000, reason="no text"
    ),
    "a program called a PDF": Hostile(
        file_type=FileType.PDF, content=lambda: b"MZ\x90\0" + noise(4000), reason="is no PDF"
    ),
    "a web page with a PDF in it": Hostile(
        file_type=FileType.PDF,
        content=lambda: b"<html><script>alert(1)</script></html>\n" + pdfs.pdf([POLICY]),
        reason="is no PDF",
    ),
    "a picture called a text": Hostile(
        file_type=FileType.TXT,
        content=lambda: pictures.png(pictures.screenshot("hello")),
        reason="is no TXT",
    ),
    "a drawing called a picture": Hostile(
        file_type=FileType.PNG,
        content=lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        reason="is no PNG",
    ),
    "an encrypted PDF": Hostile(
        file_type=FileType.PDF,
        content=lambda: pdfs.pdf([POLICY], lock=pdfs.Lock(user=b"secret")),
        reason="encrypted: upload it without a password",
    ),
    "a PDF of noise": Hostile(
        file_type=FileType.PDF, content=lambda: b"%PDF-1.7\n" + noise(50_000), reason="damaged"
    ),
    "half a PDF": Hostile(
        file_type=FileType.PDF, content=lambda: half(pdfs.pdf([POLICY] * 20)), reason="damaged"
    ),
    "a PDF bomb": Hostile(
        file_type=FileType.PDF,
        content=lambda: pdfs.bomb(2048 * MEGABYTE),
        reason="memory",
        limits=SMALL,
    ),
    "ten thousand pages": Hostile(
        file_type=FileType.PDF,
        content=lambda: pdfs.many_pages(10_000),
        reason="10000 pages, and at most 5000",
    ),
    "a Word zip bomb": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.docx_of(office.paragraph("A" * 30 * MEGABYTE)),
        reason="packed too tightly",
    ),
    "a Word document that is large when unpacked": Hostile(
        file_type=FileType.DOCX,
        content=lambda: bulky(noise(400_000).hex().encode()),
        reason="too large when unpacked: more than 0 MB",
        bounds=Bounds(inflated_bytes=700_000),
    ),
    "a spreadsheet zip bomb": Hostile(
        file_type=FileType.XLSX,
        content=lambda: office.xlsx({"Bomb": [["A" * 30 * MEGABYTE]]}),
        reason="packed too tightly",
    ),
    "a spreadsheet that hides its size": Hostile(
        file_type=FileType.XLSX,
        content=lambda: office.lying(
            office.xlsx({"Bomb": [["A" * MEGABYTE]]}), office.FIRST_SHEET, 100
        ),
        reason="damaged",
    ),
    "a spreadsheet that boasts of its size": Hostile(
        file_type=FileType.XLSX,
        content=lambda: office.lying(office.xlsx({"Bomb": [["A"]]}), office.FIRST_SHEET, 1 << 31),
        reason="too large when unpacked: more than 256 MB",
    ),
    "a cell in the last corner": Hostile(
        file_type=FileType.XLSX, content=corner, reason="1048576 rows and 16384 columns"
    ),
    "a cell in the last corner that was overlooked": Hostile(
        file_type=FileType.XLSX,
        content=corner,
        reason="memory",
        limits=SMALL,
        bounds=Bounds(cells=1 << 40),
    ),
    "a Word document with a password": Hostile(
        file_type=FileType.DOCX,
        content=lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise(4000),
        reason="encrypted or of an old Office format: save it as .docx or .xlsx",
    ),
    "an archive with a password": Hostile(
        file_type=FileType.XLSX,
        content=lambda: office.encrypted(office.xlsx({"Sheet": [["a"]]})),
        reason="encrypted: upload it without a password",
    ),
    "an archive that is packed in another way": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.archive({"word/document.xml": "x"}, zipfile.ZIP_LZMA),
        reason="packed in a way that Office programs do not use",
    ),
    "an archive of many parts": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.replaced(
            office.docx(POLICY), {f"word/{at}.bin": b"" for at in range(6000)}
        ),
        reason="too many parts",
    ),
    "an archive called a Word document": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.archive({"x.txt": "hello"}),
        reason="no Office document",
    ),
    "a spreadsheet called a Word document": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.xlsx({"Sheet": [["a"]]}),
        reason="is no DOCX",
    ),
    "half a Word document": Hostile(
        file_type=FileType.DOCX, content=lambda: half(office.docx(POLICY)), reason="damaged"
    ),
    "an archive with a path trick": Hostile(
        file_type=FileType.DOCX,
        content=lambda: office.archive({"../../etc/passwd": "x", "/etc/shadow": "y"}),
        reason="no Office document",
    ),
    "entities that multiply": Hostile(
        file_type=FileType.DOCX, content=laughing, reason="XML entities"
    ),
    "an entity that reads a file": Hostile(
        file_type=FileType.DOCX, content=curious, reason="XML entities"
    ),
    "an entity in UTF-16": Hostile(
        file_type=FileType.DOCX, content=lambda: curious("utf-16"), reason="XML entities"
    ),
    "boxes in boxes": Hostile(
        file_type=FileType.DOCX, content=lambda: nested(5000), reason="damaged"
    ),
    "a picture of too many pixels": Hostile(
        file_type=FileType.PNG,
        content=lambda: pictures.pixel_bomb(30_000),
        reason="at most 50 megapixels",
    ),
    "half a photograph": Hostile(
        file_type=FileType.JPEG,
        content=lambda: half(pictures.jpeg(pictures.screenshot("hello"))),
        reason="damaged, or ends too early",
    ),
    "a table with NUL characters": Hostile(
        file_type=FileType.CSV,
        content=lambda: b"id,name\n" + b"1,Ann\n" * 2000 + b"2,\0\n",
        reason="NUL characters",
    ),
}
