"""A file's type is what its name, its sender and its first bytes agree on."""

import pytest

from hexdesk.core.errors import UnsupportedFileError
from hexdesk.core.model.documents import FileType, TextExtractor
from hexdesk.core.policy.file_types import possible_types, type_of_file, utf16_of

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
ZIP = b"PK\x03\x04\x14\x00\x06\x00"
TEXT = b"id;name\n1;Ann\n"
OCTETS = "application/octet-stream"
EXCEL = "application/vnd.ms-excel"


@pytest.mark.parametrize(
    ("filename", "claimed", "head", "file_type"),
    [
        ("invoice.pdf", "application/pdf", PDF, FileType.PDF),
        ("INVOICE.PDF", None, PDF, FileType.PDF),
        ("invoice", "application/pdf", PDF, FileType.PDF),
        ("invoice", None, PDF, FileType.PDF),
        ("shot.png", "image/png", PNG, FileType.PNG),
        ("photo.jpg", "image/jpeg", JPEG, FileType.JPEG),
        ("photo.jpeg", "image/pjpeg", JPEG, FileType.JPEG),
        ("notes.txt", "text/plain; charset=utf-8", TEXT, FileType.TXT),
        ("notes.md", "text/plain", TEXT, FileType.MD),
        ("notes.md", "text/markdown", TEXT, FileType.MD),
        ("notes", "text/markdown", TEXT, FileType.MD),
        ("notes", "text/plain", TEXT, FileType.TXT),
        ("notes", "", TEXT, FileType.TXT),
        (".env", OCTETS, TEXT, FileType.TXT),
        ("orders.csv", "text/csv", TEXT, FileType.CSV),
        ("orders.csv", EXCEL, TEXT, FileType.CSV),
        ("orders.xlsx", OCTETS, ZIP, FileType.XLSX),
        ("orders.xlsx", EXCEL, ZIP, FileType.XLSX),
        ("orders", FileType.XLSX, ZIP, FileType.XLSX),
        ("letter.docx", "application/zip", ZIP, FileType.DOCX),
        ("letter.docx", FileType.DOCX, ZIP, FileType.DOCX),
    ],
)
def test_a_type_is_agreed_on(
    filename: str, claimed: str | None, head: bytes, file_type: FileType
) -> None:
    assert type_of_file(filename, claimed, head) is file_type


@pytest.mark.parametrize(
    ("filename", "claimed", "head", "reason"),
    [
        ("setup.pdf", None, b"MZ\x90\x00\x03", "is no PDF, TXT"),
        ("notes.txt", None, b"", "is no PDF, TXT"),
        ("letter.docx", None, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "without a password"),
        ("letter.doc", None, TEXT, "does not end like"),
        ("run.exe", "text/plain", TEXT, "does not end like"),
        ("invoice.pdf", None, b"<html>\n" + PDF, "something else than its name"),
        ("shot.png", None, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "something else"),
        ("notes.txt", None, PDF, "something else"),
        ("letter.docx", None, TEXT, "something else"),
        ("orders.csv", "application/pdf", TEXT, "not of the type that is given"),
        ("shot.png", "image/jpeg", PNG, "not of the type that is given"),
        ("page.txt", "text/html", TEXT, "not of the type that is given"),
        ("letter", "application/zip", ZIP, "must be told by its name"),
    ],
)
def test_what_does_not_agree_is_refused(
    filename: str, claimed: str | None, head: bytes, reason: str
) -> None:
    with pytest.raises(UnsupportedFileError, match=reason):
        type_of_file(filename, claimed, head)


def test_a_refusal_does_not_repeat_the_name() -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        type_of_file("../" + "x" * 5000 + ".exe", None, TEXT)
    assert "xxx" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Köln".encode("cp1252"),
        "Привет".encode("cp1251"),
        "注文がまだ届きません".encode("shift_jis"),
        "id;name".encode("utf-16"),
        "id;name".encode("utf-16-le"),
        "id;name".encode("utf-16-be"),
        "\ufeffid;name".encode(),
        b"with a form feed\f and an escape\x1b[0m",
    ],
)
def test_text_comes_in_many_encodings(text: bytes) -> None:
    assert FileType.TXT in possible_types(text)


@pytest.mark.parametrize("data", [b"id\x00;name\x00\x00", b"\x01\x02\x03", b"abc\x00"])
def test_what_holds_nul_or_the_like_is_no_text(data: bytes) -> None:
    assert possible_types(data) == frozenset()


def test_wide_text_is_told_from_narrow_text() -> None:
    assert [
        utf16_of("Ann".encode(codec)) for codec in ("utf-16", "utf-16-le", "utf-16-be", "ascii")
    ] == ["utf-16", "utf-16-le", "utf-16-be", None]


SUBTITLES = TextExtractor(
    name="SRT", content_type="application/x-subrip", extensions=("srt",), reader="a:b"
)
PARCEL = TextExtractor(
    name="PRC",
    content_type="application/x-parcel",
    extensions=("prc", "parcel"),
    signature=b"\x01PRC",
    reader="a:b",
)


@pytest.mark.parametrize(
    ("filename", "claimed", "head", "content_type"),
    [
        ("talk.srt", None, TEXT, "application/x-subrip"),
        ("TALK.SRT", "application/x-subrip", TEXT, "application/x-subrip"),
        ("talk.srt", "text/plain", TEXT, "application/x-subrip"),
        ("one.parcel", OCTETS, b"\x01PRC\x00", "application/x-parcel"),
        ("notes.txt", None, TEXT, FileType.TXT),
    ],
)
def test_a_further_type_is_told_by_the_end_of_the_name(
    filename: str, claimed: str | None, head: bytes, content_type: str
) -> None:
    assert type_of_file(filename, claimed, head, (SUBTITLES, PARCEL)) == content_type


@pytest.mark.parametrize(
    ("filename", "claimed", "head", "reason"),
    [
        ("talk.srt", None, PDF, "something else than its name"),
        ("one.prc", None, TEXT, "something else than its name"),
        ("one.prc", "text/plain", b"\x01PRC\x00", "not of the type that is given"),
        ("talk.srt", "image/png", TEXT, "not of the type that is given"),
        ("talk.sub", None, TEXT, "that of a SRT, PRC, PDF, "),
        ("parcel", None, b"\x01PRC\x00", "is no SRT, PRC, PDF, "),
    ],
)
def test_a_file_that_only_looks_like_a_further_type_is_refused(
    filename: str, claimed: str | None, head: bytes, reason: str
) -> None:
    with pytest.raises(UnsupportedFileError, match=reason):
        type_of_file(filename, claimed, head, (SUBTITLES, PARCEL))
