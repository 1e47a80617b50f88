"""Full text goes on finding what it found when docs/explanation/knowledge.md was written."""

import pytest

from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing.companies import a_company
from hexdesk.core.use_cases.knowledge import WORDS_FLOOR
from tests.benchmarks.retrieval import Shelf, load, ranks_by_words, unrelated


@pytest.mark.parametrize(("language", "least"), [("english", 0.63), ("swedish", 0.475)])
async def test_five_passages_hold_the_answer_as_often_as_measured(
    storage: Storage, language: str, least: float
) -> None:
    questions = load(language)
    shelf = Shelf(await a_company(storage), None)
    await shelf.fill([one.answer for one in questions])
    found = [(place, await shelf.look(one.question)) for place, one in enumerate(questions)]
    assert ranks_by_words(found).recall(5) >= least


async def test_most_unrelated_questions_find_nothing_above_the_floor(storage: Storage) -> None:
    shelf = Shelf(await a_company(storage), None)
    await shelf.fill([one.answer for one in load("english")])
    found = [(await shelf.look(question)).by_words for question in unrelated()]
    empty = [ranked for ranked in found if all(one.score < WORDS_FLOOR for one in ranked)]
    assert len(empty) >= 11
