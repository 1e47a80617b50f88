"""Word documents and spreadsheets, good ones and those that should never be opened."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

from docx import Document

WORD_XML = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET_XML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE_XML = "http://schemas.openxmlformats.org/package/2006"
OFFICE_XML = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
DOCUMENT = "word/document.xml"
FIRST_SHEET = "xl/worksheets/sheet1.xml"
STYLES = (
    f'{HEADER}<styleSheet xmlns="{SHEET_XML}"><fonts count="1"><font/></fonts><fills count="1">'
    '<fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
    '</cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"'
    ' applyNumberFormat="1"/></cellXfs></styleSheet>'
)
DATE_STYLE = 1

Cell = str | int | float | None


class Day(int):
    """A date in a cell: days since the end of 1899."""


def docx(*paragraphs: str, table: Sequence[Sequence[str]] = (), header: str = "") -> bytes:
    """Return a Word document; a paragraph that begins with `# ` is a heading."""
    document = Document()
    document.core_properties.title = "A letter"
    for paragraph in paragraphs:
        if paragraph.startswith("# "):
            document.add_heading(paragraph[2:], 1)
        else:
            document.add_paragraph(paragraph)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for at, row in enumerate(table):
            for column, text in enumerate(row):
                made.cell(at, column).text = text
    if header:
        document.sections[0].header.paragraphs[0].text = header
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def docx_of(body: str, *, prolog: str = "") -> bytes:
    """Return a Word document with this XML as its body."""
    content = (
        f'{HEADER}{prolog}<w:document xmlns:w="{WORD_XML}"><w:body>{body}</w:body></w:document>'
    )
    return replaced(docx("nothing"), {DOCUMENT: content.encode()})


def paragraph(text: str) -> str:
    """Return a paragraph in Word's XML; entities in it stay what they are."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Return a spreadsheet with these sheets, each a list of rows."""
    parts = {
        f"xl/worksheets/sheet{number}.xml": sheet(rows)
        for number, rows in enumerate(sheets.values(), 1)
    }
    return spreadsheet(list(sheets), parts)


def sheet(rows: Iterable[Sequence[Cell]]) -> str:
    """Return a sheet's XML."""
    return sheet_of(
        cell(column, row, value)
        for row, cells in enumerate(rows, 1)
        for column, value in enumerate(cells, 1)
        if value is not None
    )


def sheet_of(cells: Iterable[str]) -> str:
    """Return a sheet's XML with these cells, each in a row of its own: readers mind places only."""
    rows = "".join(f"<row>{one}</row>" for one in cells)
    return f'{HEADER}<worksheet xmlns="{SHEET_XML}"><sheetData>{rows}</sheetData></worksheet>'


def cell(column: int, row: int, value: Cell) -> str:
    """Return a cell's XML."""
    place = f"{letters(column)}{row}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    style = f' s="{DATE_STYLE}"' if isinstance(value, Day) else ""
    return f'<c r="{place}"{style}><v>{value}</v></c>'


def letters(column: int) -> str:
    """Return a column's name: A, B, ... XFD."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def spreadsheet(names: Sequence[str], parts: Mapping[str, str]) -> bytes:
    """Return a spreadsheet of these parts."""
    numbers = range(1, len(names) + 1)
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{SHEET_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    links = "".join(
        relation(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers
    )
    return archive(
        {
            "[Content_Types].xml": (
                f'{HEADER}<Types xmlns="{PACKAGE_XML}/content-types"><Default Extension="rels"'
                ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
                f"{types}</Types>"
            ),
            "_rels/.rels": relations(relation("r", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": (
                f'{HEADER}<workbook xmlns="{SHEET_XML}" xmlns:r="{OFFICE_XML}">'
                f"<sheets>{sheets}</sheets></workbook>"
            ),
            "xl/_rels/workbook.xml.rels": relations(links + relation("s", "styles", "styles.xml")),
            "xl/styles.xml": STYLES,
            **parts,
        }
    )


def relation(name: str, kind: str, target: str) -> str:
    """Return what leads from one part to another."""
    return f'<Relationship Id="{name}" Type="{OFFICE_XML}/{kind}" Target="{target}"/>'


def relations(content: str) -> str:
    """Return a part that holds relations."""
    return f'{HEADER}<Relationships xmlns="{PACKAGE_XML}/relationships">{content}</Relationships>'


def archive(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def encrypted(document: bytes) -> bytes:
    """Return an archive whose parts are said to be encrypted."""
    out = bytearray(document)
    for signature, flags_at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = document.find(signature)
        while start >= 0:
            out[start + flags_at] |= 1
            start = document.find(signature, start + 1)
    return bytes(out)


def part_of(document: bytes, name: str) -> bytes:
    """Return a part of an archive."""
    with zipfile.ZipFile(io.BytesIO(document)) as packed:
        return packed.read(name)


def replaced(document: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return an archive with some of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(document)) as packed:
        return archive({name: packed.read(name) for name in packed.namelist()} | dict(parts))


def lying(document: bytes, part: str, declared: int) -> bytes:
    """Return an archive that declares another size for a part than it has."""
    with zipfile.ZipFile(io.BytesIO(document)) as packed:
        true = packed.getinfo(part).file_size
    name = part.encode()
    out = bytearray(document)
    # The size stands so many bytes before the name: in the part's own header, and in the list.
    for signature, size_at, name_at in ((b"PK\3\4", 22, 30), (b"PK\1\2", 24, 46)):
        start = document.find(signature)
        while start >= 0:
            found = document[start + name_at : start + name_at + len(name)] == name
            size = slice(start + size_at, start + size_at + 4)
            if found and int.from_bytes(out[size], "little") == true:
                out[size] = declared.to_bytes(4, "little")
            start = document.find(signature, start + 1)
    return bytes(out)
