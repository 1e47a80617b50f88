"""What of a text can be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.storable import holds_nul, storable
from tests.unit.core.laws import law


@law
@given(some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_whole_text_stays_as_it_is(text: str) -> None:
    assert storable(text) == text


@law
@given(some.text(some.characters() | some.sampled_from("\0\ud83d\ude00")))
def test_any_text_becomes_one_that_can_be_encoded(text: str) -> None:
    assert b"\0" not in storable(text).encode()


def test_halves_that_belong_together_are_joined() -> None:
    assert storable("\ud83d\ude00") == "\N{GRINNING FACE}"


def test_what_cannot_be_kept_leaves_a_mark() -> None:
    assert storable("a\0b \ud83d!") == "a\ufffdb \ufffd!"


@pytest.mark.parametrize("value", ["a\0", {"title": "\0"}, {"\0": 1}, ["fine", ["\0"]]])
def test_the_character_that_no_storage_takes_is_found_anywhere(value: object) -> None:
    assert holds_nul(value)


@pytest.mark.parametrize("value", ["\\u0000", {"title": "fine"}, [1, None, True], 1.5])
def test_what_only_looks_like_it_is_not_it(value: object) -> None:
    assert not holds_nul(value)
