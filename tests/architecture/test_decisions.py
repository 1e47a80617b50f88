"""Decision records stay short, quotable and guarded."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 40
RECORDS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
SECTIONS = ("Context", "Decision", "Consequences", "Alternatives", "Guarded by")


def test_records_are_numbered_without_gaps() -> None:
    assert [record.name[:4] for record in RECORDS] == [
        f"{number:04}" for number in range(len(RECORDS))
    ]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_its_sections_on_one_page(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert tuple(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)) == SECTIONS


@pytest.mark.parametrize("record", RECORDS[1:], ids=lambda record: record.stem)
def test_a_decision_is_one_sentence_and_something_guards_it(record: Path) -> None:
    decision = section(record, "Decision")
    assert re.fullmatch(r"\*\*[^*]+\.\*\*", decision.splitlines()[0]), decision
    guards = re.findall(
        r"`((?:tests|pyproject\.toml|justfile)[^`: ]*)", section(record, "Guarded by")
    )
    assert guards, "names no test or lint"
    assert [guard for guard in guards if not (ROOT / guard).exists()] == []


def section(record: Path, title: str) -> str:
    text = record.read_text(encoding="utf-8")
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0].strip()
