"""Of a stranger's name for a file, what can do harm is left out."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.file_names import LONGEST, blob_key, file_name
from tests.unit.core.laws import law


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\report.pdf", "report.pdf"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("picture\u202egpj.exe", "picturegpj.exe"),
        ("  spaces.txt  ", "spaces.txt"),
        ("", "file"),
        ("..", "file"),
        ("folder/", "file"),
        ("Bericht äöü.md", "Bericht äöü.md"),
        ("half\ud800.txt", "half.txt"),
    ],
)
def test_the_base_name_is_left(given_name: str, expected: str) -> None:
    assert file_name(given_name) == expected


def test_a_long_name_keeps_its_ending() -> None:
    assert file_name("x" * 400 + ".docx") == "x" * (LONGEST - 5) + ".docx"
    assert file_name("x" * 400) == "x" * LONGEST
    assert file_name("x." + "y" * 400) == "x." + "y" * (LONGEST - 2)


@law
@given(some.text())
def test_no_name_is_empty_long_or_a_path(name: str) -> None:
    shown = file_name(name)
    assert 1 <= len(shown) <= LONGEST
    assert not {"/", "\\", "\x00", "\n"} & set(shown)
    assert shown not in {".", ".."}


def test_bytes_lie_where_no_name_leads() -> None:
    key = blob_key(UUID(int=1), UUID(int=2))
    assert key == f"org/{UUID(int=1)}/{UUID(int=2)}"
