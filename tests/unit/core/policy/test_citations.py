"""Markers of a streamed answer become citations, or nothing."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.model.chat import Citation
from hexdesk.core.model.knowledge import KnownPassage, Passage
from hexdesk.core.policy.citations import LONGEST_MARKER, CitationReader

HANDBOOK, PRICES = UUID(int=1), UUID(int=2)


def known(passage: Passage, filename: str) -> KnownPassage:
    return KnownPassage(passage=passage, filename=filename)


REFUNDS_TEXT = (
    "Refunds are paid within 14 days. \u201cWe don\u2019t charge\u201d \u2013 not even\n"
    "for the \ufb01rst parcel."
)
PRICES_TEXT = "Basic plan: 10 euros per month"
GIVEN = (
    known(Passage(file_id=HANDBOOK, position=0, page=3, text=REFUNDS_TEXT), "handbook.pdf"),
    known(Passage(file_id=PRICES, position=0, sheet="2026", text=PRICES_TEXT), "prices.xlsx"),
)
REFUNDS = Citation(
    file_id=HANDBOOK, filename="handbook.pdf", page=3, quote="Refunds are paid within 14 days"
)
BASIC = Citation(
    file_id=PRICES, filename="prices.xlsx", sheet="2026", quote="Basic plan: 10 euros per month"
)


def read(*deltas: str) -> tuple[str, list[Citation], int]:
    reader = CitationReader(GIVEN)
    said = "".join(map(reader.read, deltas)) + reader.rest()
    return said, reader.citations, reader.dropped


def test_a_marker_becomes_the_number_of_its_citation() -> None:
    answer = 'Within two weeks [[1: "Refunds are paid within 14 days"]].'
    assert read(answer) == ("Within two weeks [1].", [REFUNDS], 0)


@pytest.mark.parametrize(
    "marker",
    [
        '[[1: "Refunds are paid within 14 days."]]',
        "[[ 1 : 'Refunds are paid within 14 days' ]]",
        "[[1:\u201cRefunds are paid within 14 days\u201d]]",
        "[[1, \u00abRefunds  are paid\nwithin 14 days\u00bb]]",
        '[[2: "Refunds are paid within 14 days"]]',
        '[[99: "Refunds are paid within 14 days"]]',
        '[[0: "Refunds are paid within 14 days"]]',
    ],
)
def test_a_marker_may_be_written_in_many_ways_and_its_number_may_be_wrong(marker: str) -> None:
    assert read(f"Soon{marker}") == ("Soon [1]", [REFUNDS], 0)


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ('"We don\'t charge" - not even for', "We don\u2019t charge\u201d \u2013 not even for"),
        ("the first parcel", "the \ufb01rst parcel"),
        ("not even for the first parcel.", "not even for the \ufb01rst parcel"),
    ],
)
def test_a_citation_shows_the_words_as_the_file_writes_them(quote: str, words: str) -> None:
    said, [citation], _ = read(f"So [[1: '{quote}']].")
    assert said == "So [1]."
    assert citation.quote == words


def test_numbers_count_in_order_of_first_use_and_stay() -> None:
    first, second = (
        '[[2: "Basic plan: 10 euros per month"]]',
        '[[1: "Refunds are paid within 14 days"]]',
    )
    said, citations, _ = read(f"A {first}{second} b {first}\n{second}")
    assert said == "A [1] [2] b [1]\n[2]"
    assert citations == [BASIC, REFUNDS]


@pytest.mark.parametrize(
    "marker",
    [
        '[[1: "Refunds are paid within 15 days"]]',
        '[[1: "refunds are paid within 14 days"]]',
        '[[1: "Refunds"]]',
        '[[1: ""]]',
        "[[1]]",
        '[[7: "made up from nothing"]]',
    ],
)
def test_words_that_are_not_in_the_files_leave_nothing_behind(marker: str) -> None:
    assert read(f"So it is {marker}. More.") == ("So it is. More.", [], 1)


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2], [3, 4]]",
        "[[wiki link]]",
        "a[[0:2]]",
        "array[i] and [a](b), [[[",
        '[[1: "never closed',
        "[[1: 'closed by one bracket']",
        "[[12345: 'four digits at most']]",
        "x  \t",
        "[[1: no quotation marks]]",
        '[[1: "' + "far too long " * 60 + '"]]',
    ],
)
def test_other_text_comes_out_as_it_went_in(text: str) -> None:
    assert read(text) == (text, [], 0)
    assert read(*text) == (text, [], 0)


def test_a_marker_may_follow_a_bracket_and_begin_a_line() -> None:
    assert read('[[[1: "Refunds are paid within 14 days"]]]')[0] == "[ [1]]"
    assert read('[[1: "Refunds are paid within 14 days"]] it is')[0] == "[1] it is"
    assert read('So:\n  [[1: "Refunds are paid within 14 days"]]')[0] == "So:\n[1]"


def test_where_nothing_is_there_any_more_all_markers_are_dropped() -> None:
    reader = CitationReader(())
    assert reader.read('So [[1: "it is"]] [[') + reader.rest() == "So [["
    assert (reader.citations, reader.dropped) == ([], 1)


def test_what_is_held_back_is_bounded() -> None:
    reader = CitationReader(GIVEN)
    said = reader.read('[[1: "')
    for _ in range(LONGEST_MARKER):
        said += reader.read("word ")
    assert len(said) >= 5 * LONGEST_MARKER - LONGEST_MARKER


def test_plain_text_is_not_held_back() -> None:
    reader = CitationReader(GIVEN)
    assert reader.read("Hello, ") == "Hello,"
    assert reader.read("you") == " you"


def test_a_run_that_goes_on_counts_on() -> None:
    reader = CitationReader(GIVEN, [BASIC], said="Ten euros [1],")
    assert reader.read('[[1: "Refunds are paid within 14 days"]]') == " [2]"
    assert reader.read('[[2: "Basic plan: 10 euros per month"]]') == " [1]"
    assert reader.citations == [BASIC, REFUNDS]


PIECES = st.lists(
    st.sampled_from(
        [
            '[[1: "Refunds are paid within 14 days"]]',
            '[[2: "Basic plan: 10 euros per month"]]',
            '[[1: "nowhere to be found"]]',
            "[[2]]",
            "[[",
            "]]",
            '"',
            "[",
            "]",
            "1:",
            " ",
            "\n",
            "            ",
            "Word ",
            "'\u201d",
            "x" * 290,
        ]
    )
)


@given(PIECES, st.lists(st.integers(min_value=0, max_value=2000)))
def test_how_the_text_is_cut_makes_no_difference(pieces: list[str], cuts: Sequence[int]) -> None:
    text = "".join(pieces)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    deltas = [text[start:end] for start, end in pairwise(places)]
    assert read(*deltas) == read(text)
    assert read(*text) == read(text)


@given(st.text(alphabet="[] 1:\"'a\n\u201c"))
def test_nothing_is_lost_but_markers(text: str) -> None:
    said, citations, dropped = read(text)
    assert citations == []
    if not dropped:
        assert said == text
