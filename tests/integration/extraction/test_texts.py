"""Texts and tables are read in whatever encoding people send them."""

import pytest

from hexdesk.adapters.extraction.readers.reading import Bounds
from hexdesk.core.model.documents import FileType
from tests.integration.extraction.reading import reading_of

WESTERN = """\
id;name;note
1;Müller;Grüße aus Köln – 10 €, möchte die Lampe zurückgeben
2;José;señor, ¿dónde está mi pedido? hace un año
3;François;déjà reçu, merci à vous
"""
# Each says it in enough words to be told apart; of a word or two nobody could.
LETTERS = {
    "utf-8": WESTERN,
    "utf-8-sig": WESTERN,
    "utf-16": WESTERN,
    "utf-16-le": WESTERN,
    "cp1252": WESTERN,
    "latin-1": "id,name\n1,façade déjà vu\n2,Zürich Straße\n3,Ångström är här\n",
    "cp1250": "id;note\n2;zażółć gęślą jaźń, proszę o zwrot pieniędzy za zamówienie\n",
    "cp1251": "id;note\n3;Привет, пожалуйста верните деньги за заказ\n4;Лампа пришла разбитой\n",
    "koi8-r": "id;note\n3;Привет, пожалуйста верните деньги за заказ\n4;Лампа пришла разбитой\n",
    "cp1253": "id,note\n1,Η παραγγελία μου δεν έφτασε ακόμα\n2,Θέλω επιστροφή χρημάτων\n",
    "cp1254": "id,note\n1,Siparişim henüz gelmedi lütfen yardım edin\n2,Işığı bozuk\n",
    "shift_jis": "id,note\n1,田中さん、注文がまだ届きません。\n2,返品をお願いします。\n",
    "gb18030": "id,note\n1,订单还没有收到,请帮忙查询\n2,我想退货,谢谢你们的帮助\n",
}


@pytest.mark.parametrize("encoding", LETTERS)
def test_a_table_is_read_in_the_encoding_it_was_written_in(encoding: str) -> None:
    reading = reading_of(FileType.CSV, LETTERS[encoding].encode(encoding))
    delimiter = LETTERS[encoding][2]
    for cell in LETTERS[encoding].replace("\n", delimiter).split(delimiter):
        assert cell.strip() in reading.text
    assert reading.metadata["delimiter"] == delimiter


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("latin-1", "cp1252"), ("cp1251", "cp1251")],
)
def test_the_encoding_that_was_found_is_told(encoding: str, named: str) -> None:
    reading = reading_of(FileType.TXT, LETTERS[encoding].encode(encoding))
    assert reading.metadata["encoding"] == named
    assert reading.text == LETTERS[encoding].strip()


def test_one_broken_byte_does_not_make_utf_8_another_encoding() -> None:
    reading = reading_of(FileType.TXT, WESTERN.encode() * 3 + b"\xff broken")
    assert reading.metadata["encoding"] == "utf-8"
    assert "Grüße aus Köln" in reading.text


def test_a_row_says_the_names_of_its_columns() -> None:
    content = b'id,name,note\n1,Lamp,"broken, and\nloud"\n2,,"say ""hi"""\n\n3,Shade,,more\n'
    reading = reading_of(FileType.CSV, content)
    assert reading.text.split("\n") == [
        "id | name | note",
        "id: 1; name: Lamp; note: broken, and loud",
        'id: 2; note: say "hi"',
        "id: 3; name: Shade; more",
    ]
    assert (reading.metadata["rows"], reading.metadata["columns"]) == (5, 4)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(delimiter: str) -> None:
    rows = [["name", "price"], ["Lamp, large; red", "1,50"], ["Shade", "2,00"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    reading = reading_of(FileType.CSV, text.encode())
    assert "name: Lamp, large; red; price: 1,50" in reading.text


def test_a_table_without_names_is_read_by_its_values() -> None:
    assert reading_of(FileType.CSV, b"1,2\n3,4\n").text == "1 | 2\n3 | 4"


def test_what_breaks_the_rules_of_csv_is_read_as_text() -> None:
    content = b'name,note\nAnn,"' + b"never closed " * 100_000
    reading = reading_of(FileType.CSV, content)
    assert "never closed" in reading.text
    assert "delimiter" not in reading.metadata


def test_a_single_column_is_a_table_too() -> None:
    assert reading_of(FileType.CSV, b"name\nAnn\nBob\n").text == "name\nAnn\nBob"


@pytest.mark.parametrize("file_type", [FileType.CSV, FileType.TXT, FileType.MD])
def test_nul_characters_are_refused_with_the_reason(file_type: FileType) -> None:
    content = b"id,name\n" + b"1,Ann\n" * 2000 + b"2,B\x00b\n"
    assert "NUL" in reading_of(file_type, content).reason


def test_nul_characters_at_the_beginning_are_no_text_at_all() -> None:
    assert "is no CSV" in reading_of(FileType.CSV, b"id,\x00\x00name\n1,Ann\n").reason


@pytest.mark.parametrize("content", [b" \n\t \r\n", b"\xef\xbb\xbf", "\n \n".encode("utf-16")])
def test_blanks_are_no_text(content: bytes) -> None:
    assert "no text" in reading_of(FileType.TXT, content).reason


def test_an_empty_file_is_called_empty() -> None:
    assert "empty" in reading_of(FileType.TXT, b"").reason


@pytest.mark.parametrize("file_type", [FileType.TXT, FileType.CSV])
def test_more_text_than_is_kept_is_cut_between_letters(file_type: FileType) -> None:
    content = "name,größe\n".encode() + "Lämpchen,20 cm\n".encode() * 1000
    reading = reading_of(file_type, content, Bounds(text_bytes=1001))
    assert reading.is_truncated
    assert len(reading.text.encode()) <= 1001
    assert "�" not in reading.text


def test_markdown_keeps_its_marks_and_one_kind_of_line_break() -> None:
    reading = reading_of(FileType.MD, b"# Title\r\n\r\n* one\r* two\n")
    assert reading.text == "# Title\n\n* one\n* two"
    assert reading.metadata["words"] == 6
