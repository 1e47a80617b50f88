"""Cutting text into passages."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.model.documents import Section
from hexdesk.core.model.knowledge import Passage
from hexdesk.core.policy.passages import OVERLAP, WORDS, split

FILE_ID = UUID(int=7)


def texts(*sections: str) -> list[str]:
    return [passage.text for passage in split(FILE_ID, [Section(text=one) for one in sections])]


def sentences(count: int, words: int = 10) -> str:
    """Return numbered sentences of so many words each."""
    return " ".join(
        " ".join([f"Sentence{number}", *(f"word{place}" for place in range(words - 1))]) + "."
        for number in range(count)
    )


def test_a_short_section_is_one_passage() -> None:
    section = Section(text="  Refunds take 14 days.\n\nAsk us.\n", page=3)
    assert split(FILE_ID, [section]) == (
        Passage(file_id=FILE_ID, position=0, page=3, text="Refunds take 14 days.\n\nAsk us."),
    )


def test_nothing_comes_of_blanks() -> None:
    assert texts("", " \n\n ") == []


def test_positions_count_through_pages_and_sheets() -> None:
    sections = [
        Section(text="One", page=1),
        Section(text="Two", page=2),
        Section(text="A", sheet="S"),
    ]
    found = [(one.position, one.page, one.sheet) for one in split(FILE_ID, sections)]
    assert found == [(0, 1, None), (1, 2, None), (2, None, "S")]


def test_a_long_text_is_cut_where_sentences_end_and_repeats_a_little() -> None:
    passages = texts(sentences(50))
    assert [len(one.split()) for one in passages] == [200, 200, 180]
    assert [one.split()[0] for one in passages] == ["Sentence0", "Sentence16", "Sentence32"]
    assert all(one.endswith(".") for one in passages)


def test_a_paragraph_is_a_better_end_than_a_sentence() -> None:
    first, second = texts(f"{sentences(12)}\n\n{sentences(12)}")
    assert len(first.split()) == 120
    assert second.startswith("Sentence8 ")
    assert len(second.split()) == 160


def test_a_line_is_a_better_end_than_a_word() -> None:
    rows = "\n".join(" ".join(f"r{row}c{column}" for column in range(7)) for row in range(60))
    for passage in texts(rows):
        assert passage.split()[0].endswith("c0")
        assert passage.split()[-1].endswith("c6")


def test_words_without_any_end_are_cut_all_the_same() -> None:
    passages = texts(" ".join(f"w{place}" for place in range(500)))
    assert [len(one.split()) for one in passages] == [WORDS, WORDS, 180]
    assert passages[1].split()[0] == f"w{WORDS - OVERLAP}"


def test_no_passage_reaches_over_a_heading() -> None:
    text = (
        "# Handbook\n## Refunds\nWithin 14 days.\n\n# Delivery\nTwo days.\n\n"
        "Warranty\n========\nTwo years.\n\n3.2 Returns\nBy post.\n\nChapter IV: Privacy\nNone.\n\n"
        "More on that."
    )
    assert texts(text) == [
        "# Handbook\n## Refunds\nWithin 14 days.",
        "# Delivery\nTwo days.",
        "Warranty\n========\nTwo years.",
        "3.2 Returns\nBy post.",
        "Chapter IV: Privacy\nNone.\n\nMore on that.",
    ]


def test_a_row_that_looks_like_a_heading_is_a_row() -> None:
    table = "Item Price\n3.50 per unit\n4.75 per box"
    assert texts(table) == [table]


def test_text_without_spaces_is_cut_too() -> None:
    passages = texts("\u6f22\u5b57" * 900 + "x" * 20_000)
    assert all(len(one) <= WORDS * 40 for one in passages)
    assert len(passages) > 6


@given(st.lists(st.sampled_from(["word", "End.", "\n", "\n\n", "\n# Title", "\n\n1.2 Part"])))
def test_every_word_is_in_a_passage_and_passages_are_parts_of_the_text(pieces: list[str]) -> None:
    text = " ".join(f"{piece} w{place}" for place, piece in enumerate(pieces * 9))
    at = reached = 0
    for passage in texts(text):
        assert len(passage.split()) <= WORDS
        at = text.index(passage, at)
        assert not text[reached:at].strip()
        reached = at + len(passage)
    assert not text[reached:].strip()
