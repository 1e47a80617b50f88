"""Word documents: headings, paragraphs, lists and tables in their order, then what frames them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Protocol, cast

from docx import Document
from docx.document import Document as WordDocument

from hexdesk.adapters.extraction.readers.archive import check_archive
from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet
from hexdesk.adapters.extraction.readers.rows import spoken_rows
from hexdesk.core.model.documents import FileType

WAY_THROUGH_CHECKS = 0.3
PARSED = 0.7
VALUE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}val"
# What a document does not say: deleted words, codes of fields, second copies of text boxes.
SILENT = frozenset({"del", "moveFrom", "instrText", "Fallback", "pPr", "rPr", "tblPr", "sectPr"})
SPACES = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


class Element(Protocol):
    """An XML element as lxml has them; a comment's tag is no string."""

    tag: object
    text: str | None

    def __iter__(self) -> Iterator["Element"]: ...

    def get(self, key: str, /) -> str | None:
        """Return an attribute."""
        ...


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read the body, then headers and footers."""
    check_archive(file, FileType.DOCX, outlet.bounds)
    outlet.progress(WAY_THROUGH_CHECKS)
    document = Document(file)
    outlet.progress(PARSED)
    marks = _marks(document)
    roots = (cast("Element", document.part.element), *_frames(document))
    parts = ["\n".join(blocks(root, marks)) for root in roots]
    outlet.put("\n\n".join(dict.fromkeys(part for part in parts if part.strip())))
    properties = document.core_properties
    return {"title": properties.title, "author": properties.author}


def blocks(container: Iterable[Element], marks: Mapping[str, str]) -> Iterator[str]:
    """Yield the text of each paragraph and each row of a table, in their order."""
    for element in container:
        name = _name(element)
        if name == "p":
            yield _mark(element, marks) + said(element)
        elif name == "tbl":
            yield from spoken_rows(_rows(element, marks))
        elif name not in SILENT:
            yield from blocks(element, marks)


def said(element: Element) -> str:
    """Return the words of an element; a paragraph inside of it, as in a text box, is a line."""
    words = list[str]()
    for child in element:
        name = _name(child)
        if name == "t":
            words.append(child.text or "")
        elif name == "p":
            words.append(f"\n{said(child)}\n")
        elif name not in SILENT:
            words += (SPACES.get(name, ""), said(child))
    return "".join(words)


def _rows(table: Element, marks: Mapping[str, str]) -> Iterator[list[str]]:
    for row in _within(table, "tr"):
        yield [" ".join(blocks(cell, marks)) for cell in _within(row, "tc")]


def _within(element: Element, wanted: str) -> Iterator[Element]:
    """Yield the rows of a table or the cells of a row, also those that a control surrounds."""
    for child in element:
        if _name(child) == wanted:
            yield child
        elif _name(child) not in SILENT:
            yield from _within(child, wanted)


def _marks(document: WordDocument) -> dict[str, str]:
    """Return what Markdown puts before a paragraph, by its style: built-in names are English."""
    marks = dict[str, str]()
    for style in document.styles:
        name, _, level = (style.name or "").lower().partition(" ")
        if name == "heading" and level.isdigit():
            marks[style.style_id] = "#" * min(int(level) + 1, 6) + " "
        elif name == "title":
            marks[style.style_id] = "# "
        elif name == "list":
            marks[style.style_id] = "- "
    return marks


def _mark(paragraph: Element, marks: Mapping[str, str]) -> str:
    properties = [one for child in paragraph if _name(child) == "pPr" for one in child]
    for one in properties:
        if _name(one) == "pStyle" and (mark := marks.get(one.get(VALUE) or "")):
            return mark
    return "- " if any(_name(one) == "numPr" for one in properties) else ""


def _frames(document: WordDocument) -> Iterator[Element]:
    """Yield the headers and footers."""
    for section in document.sections:
        for frame in (section.header, section.footer):
            if not frame.is_linked_to_previous:
                yield cast("Element", frame.part.element)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "del"
