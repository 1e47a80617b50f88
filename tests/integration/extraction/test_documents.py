"""PDFs, Word documents and spreadsheets are read with where their text stands."""

import itertools
from datetime import date, datetime, time

import pytest

from hexdesk.adapters.extraction.readers.reading import Bounds, Outlet
from hexdesk.adapters.extraction.readers.xlsx import Cell, shown
from hexdesk.core.model.documents import FileType
from tests.files import office, pdfs, pictures
from tests.integration.extraction.reading import reading_of

POLICY = "Customers may return a lamp within thirty days. The refund goes to the card that paid."
LONG = f"{POLICY} " * 41  # about 3.5 kB


def test_a_pdf_is_read_page_by_page() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf(["First page (one)", "", "Third \\ page"]))
    assert reading.sections == [("First page (one)", 1), ("Third \\ page", 3)]
    assert reading.metadata["pages"] == 3
    assert "ocr_pages" not in reading.metadata


def test_a_pdf_tells_its_title_and_author() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf(["A page of words"], title="Refunds"))
    assert (reading.metadata["title"], reading.metadata["author"]) == ("Refunds", "Ann")


def test_fifty_pages_are_read_with_progress() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf([f"Page {n}. {LONG}" for n in range(1, 51)]))
    assert [page for _, page in reading.sections] == list(range(1, 51))
    assert all(text.startswith(f"Page {page}.") for text, page in reading.sections)
    assert all(len(text) > 3400 for text, _ in reading.sections)
    assert reading.progress == sorted(reading.progress)
    assert len(reading.progress) > 40
    assert reading.progress[-1] == 1


def test_a_pdf_with_an_owners_password_opens() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf([POLICY], lock=pdfs.Lock()))
    assert reading.text.replace("\n", " ") == POLICY


def test_a_scanned_page_is_read_among_others() -> None:
    scan = pictures.scan_pdf([pictures.scanned(POLICY), pictures.scanned(POLICY.upper())])
    reading = reading_of(FileType.PDF, scan)
    first, second = reading.sections
    assert (first[0].split(), first[1]) == (POLICY.split(), 1)
    assert (second[0].split(), second[1]) == (POLICY.upper().split(), 2)
    assert reading.metadata["ocr_pages"] == 2


def test_scans_beyond_the_bound_are_left_out_and_counted() -> None:
    scan = pictures.scan_pdf([pictures.scanned(POLICY)] * 3)
    reading = reading_of(FileType.PDF, scan, Bounds(ocr_pages=1))
    assert [page for _, page in reading.sections] == [1]
    assert reading.metadata["pages_left_out"] == 2
    assert reading.is_truncated


def test_when_time_is_up_the_pages_read_so_far_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    # However fast or busy the machine is, time is up at the fourth look at the clock.
    looks = itertools.count(1)
    monkeypatch.setattr(Outlet, "is_late", property(lambda _: next(looks) > 3))
    scan = pictures.scan_pdf([pictures.scanned(POLICY)] * 6)
    reading = reading_of(FileType.PDF, scan)
    read = len(reading.sections)
    assert 0 < read < 6
    assert reading.metadata["pages_left_out"] == 6 - read
    assert reading.is_truncated


def test_when_there_is_no_time_for_a_single_page_it_is_refused() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf([POLICY]), Bounds(seconds=0))
    assert "takes too long" in reading.reason


def test_a_pdf_of_more_text_than_is_kept_is_cut() -> None:
    reading = reading_of(FileType.PDF, pdfs.pdf([LONG] * 5), Bounds(text_bytes=8000))
    assert [page for _, page in reading.sections] == [1, 2, 3]
    assert len(reading.text.encode()) <= 8000 + len("\n\n\n\n")
    assert reading.is_truncated


def test_a_page_of_no_size_is_not_drawn() -> None:
    dot = pdfs.from_contents([pdfs.stream(b"0 0 1 1 re f")]).replace(b"595 842", b"0.5 0.5")
    assert "no text" in reading_of(FileType.PDF, dot).reason


def test_a_word_document_is_read_in_its_order() -> None:
    content = office.docx(
        "# Refund policy",
        "Within 30 days.",
        table=[["item", "price"], ["Lamp", "12"], ["Shade", "3"]],
        header="Lamp & Co",
    )
    reading = reading_of(FileType.DOCX, content)
    assert reading.text == (
        "## Refund policy\nWithin 30 days.\nitem | price\nitem: Lamp; price: 12\n"
        "item: Shade; price: 3\n\nLamp & Co"
    )
    assert reading.metadata["title"] == "A letter"


def test_what_a_word_document_says_is_told_from_what_it_does_not() -> None:
    said = (
        "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/>"
        "<w:t>three</w:t></w:r><w:ins><w:r><w:t> added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p><!-- a remark -->"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>"
        "<w:tbl><w:sdt><w:sdtContent><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr>"
        "</w:sdtContent></w:sdt></w:tbl>"
    )
    text = reading_of(FileType.DOCX, office.docx_of(said)).text
    assert text.split("\n") == [
        "- one\ttwo",
        "three added",
        "in a control",
        "",
        "in a box",
        "",
        "cell",
    ]


def test_a_spreadsheet_is_read_sheet_by_sheet() -> None:
    content = office.xlsx(
        {
            "Orders": [
                ["id", "item", "ordered", "price", "paid"],
                [1, "Lamp & shade", office.Day(46_350), 12.5, "yes"],
                [2, "Shade", None, 3.0, None],
            ],
            "Nothing": [],
            "Größen": [["S", "M"], [1, 2]],
        }
    )
    reading = reading_of(FileType.XLSX, content)
    (orders, first), second = reading.sections
    assert orders.split("\n") == [
        "id | item | ordered | price | paid",
        "id: 1; item: Lamp & shade; ordered: 2026-11-24; price: 12.5; paid: yes",
        "id: 2; item: Shade; price: 3",
    ]
    assert (first, second) == ("Orders", ("S | M\nS: 1; M: 2", "Größen"))
    assert reading.metadata["sheets"] == ["Orders", "Nothing", "Größen"]
    assert reading.metadata["rows"] == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (3.5, "3.5"),
        (1e300, "1e+300"),
        (True, "yes"),
        (False, "no"),
        (datetime(2026, 11, 24), "2026-11-24"),  # noqa: DTZ001  cells know no time zone
        (datetime(2026, 11, 24, 9, 30), "2026-11-24 09:30:00"),  # noqa: DTZ001  as above
        (date(2026, 11, 24), "2026-11-24"),
        (time(9, 30), "09:30:00"),
        ("Lamp", "Lamp"),
    ],
)
def test_a_cell_is_shown_as_people_write_it(value: Cell, text: str) -> None:
    assert shown(value) == text


def test_a_spreadsheet_of_more_text_than_is_kept_is_cut() -> None:
    content = office.xlsx({"Log": [[f"line {n} of the log", n] for n in range(1000)]})
    reading = reading_of(FileType.XLSX, content, Bounds(text_bytes=500))
    assert reading.is_truncated
    assert len(reading.text) <= 500


def test_a_large_sheet_that_is_full_is_read() -> None:
    content = office.xlsx({"Orders": [[row, "Lamp", row * 2] for row in range(20_000)]})
    reading = reading_of(FileType.XLSX, content)
    assert reading.metadata["rows"] == 20_000
    assert reading.text.endswith("19999 | Lamp | 39998")
