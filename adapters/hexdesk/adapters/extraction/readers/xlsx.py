"""Spreadsheets, sheet by sheet, with the values that their formulas last had."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineWorkbook, SheetTypeEnum

from hexdesk.adapters.extraction.readers.archive import check_archive
from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet
from hexdesk.adapters.extraction.readers.rows import spoken_rows
from hexdesk.core.model.documents import FileType

Cell = int | float | str | bool | time | date | datetime | timedelta
WAY_THROUGH_CHECKS = 0.1
MOST_EXACT = 1e15
"""Beyond it a spreadsheet's numbers are not exact."""


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read every sheet that holds cells, hidden ones too."""
    check_archive(file, FileType.XLSX, outlet.bounds)
    outlet.progress(WAY_THROUGH_CHECKS)
    workbook = CalamineWorkbook.from_filelike(file)
    names = [one.name for one in workbook.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
    rows = 0
    for number, name in enumerate(names, 1):
        lines = list(_lines(workbook.get_sheet_by_name(name).iter_rows(), outlet))
        rows += len(lines)
        outlet.put("\n".join(lines), sheet=name)
        outlet.progress(WAY_THROUGH_CHECKS + (1 - WAY_THROUGH_CHECKS) * number / len(names))
    return {"sheets": names, "rows": rows}


def shown(value: Cell) -> str:
    """Return a cell's value as people would write it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST_EXACT:
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)


def _lines(rows: Iterable[list[Cell]], outlet: Outlet) -> Iterator[str]:
    size = 0
    for line in spoken_rows([shown(cell) for cell in row] for row in rows):
        size += len(line)
        yield line
        if size > outlet.bounds.text_bytes:
            outlet.is_truncated = True
            return
