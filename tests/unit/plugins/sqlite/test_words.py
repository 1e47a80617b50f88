"""What a person types becomes a question to FTS5, and never a part of its language."""

import sqlite3
from collections.abc import Iterator

import pytest

from hexdesk_sqlite.vectors import cosine, packed
from hexdesk_sqlite.words import LONGEST_QUESTION, MOST_WORDS, asked_of_tickets, words_of

TEXTS = ("the printer is on fire", "the printer needs toner", "a coffee machine on fire")


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    """Return an index of texts, as tickets are indexed."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')"
    )
    connection.executemany("INSERT INTO words (text) VALUES (?)", [(text,) for text in TEXTS])
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("printer", {0, 1}),
        ("the printers", {0, 1}),
        ("printer fire", {0}),
        ('"on fire"', {0, 2}),
        ('"fire on"', set[int]()),
        ("toner or coffee", {1, 2}),
        ("printer -toner", {0}),
        ('fire -"coffee machine"', {0}),
        ("AND OR NOT NEAR(", set[int]()),
        ("printer* ^printer text:printer", set[int]()),
        ("printer) --", {0, 1}),
        ('"unfinished printer', set[int]()),
        ("pr\0inter", set[int]()),
    ],
)
def test_a_query_finds_what_it_means(
    index: sqlite3.Connection, query: str, found: set[int]
) -> None:
    asked = asked_of_tickets(query)
    rows = index.execute("SELECT rowid - 1 FROM words WHERE words MATCH ?", (asked or '""',))
    assert {row[0] for row in rows} == found


@pytest.mark.parametrize("query", ["", " ", "the", "-printer", "or", '""', "?!", "'\"'"])
def test_a_query_that_names_nothing_asks_for_nothing(query: str) -> None:
    assert asked_of_tickets(query) is None


def test_a_question_is_cut() -> None:
    assert len(words_of(" ".join(f"word{number}" for number in range(1000)))) == MOST_WORDS
    assert words_of("x" * LONGEST_QUESTION + " more") == ["x" * LONGEST_QUESTION]
    assert len(asked_of_tickets("printer " * 10_000) or "") < 2 * LONGEST_QUESTION


def test_words_that_say_nothing_are_left_out() -> None:
    assert words_of("How long do refunds take, and what is a REFUNDS?") == ["refunds"]


@pytest.mark.parametrize(
    ("one", "other", "closeness"),
    [
        ((3.0, 0.0), (9.0, 0.0), 1.0),
        ((1.0, 0.0), (0.0, 1.0), 0.0),
        ((1.0, 0.0), (-2.0, 0.0), -1.0),
        ((0.0, 0.0), (1.0, 0.0), 0.0),
        ((1.0, 0.0), (1.0, 0.0, 0.0), 0.0),
    ],
)
def test_vectors_are_compared_by_their_direction(
    one: tuple[float, ...], other: tuple[float, ...], closeness: float
) -> None:
    assert cosine(packed(one), packed(other)) == pytest.approx(closeness)
