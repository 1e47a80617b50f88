"""Tables as text files, with whatever encoding and delimiter they come."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from hexdesk.adapters.extraction.readers.charsets import decoded
from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet
from hexdesk.adapters.extraction.readers.rows import spoken_rows

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 50
LONGEST_CELL = 1_000_000


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read a table; a file that breaks the rules of CSV is read as the text that it is."""
    csv.field_size_limit(LONGEST_CELL)
    text, encoding = decoded(file.read(outlet.bounds.text_bytes * 4))
    delimiter = delimiter_of(text)
    counted = Counter[str]()
    lines = list[str]()
    size = 0
    try:
        for line in spoken_rows(_counted(rows_of(text, delimiter), counted)):
            size += len(line)
            if size > outlet.bounds.text_bytes:
                outlet.is_truncated = True
                break
            lines.append(line)
    except csv.Error:
        outlet.put(text)
        return {"encoding": encoding, "lines": text.count("\n") + 1}
    outlet.put("\n".join(lines))
    return {"encoding": encoding, "delimiter": delimiter, **counted}


def rows_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each row."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def delimiter_of(text: str) -> str:
    """Return what parts the cells: the delimiter that makes the most even table."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter))


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    """Return which share of the rows has the most frequent width, and that width."""
    try:
        rows = [row for row in islice(rows_of(text, delimiter), SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return (0, 0)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return (0, 0)
    width, count = widths.most_common(1)[0]
    return (count / len(rows), width)


def _counted(rows: Iterable[list[str]], counted: Counter[str]) -> Iterator[list[str]]:
    for row in rows:
        counted["rows"] += 1
        counted["columns"] = max(counted["columns"], len(row))
        yield row
