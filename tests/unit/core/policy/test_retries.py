"""Pauses between attempts grow, end somewhere, and are spread by chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.model.tasks import Endurance
from hexdesk.core.policy.retries import pause
from tests.unit.core.laws import law

ENDURANCE = Endurance(first_pause=2, longest_pause=60)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (3, 8), (6, 60), (10_000, 60)])
def test_pauses_double_up_to_the_longest(attempts: int, seconds: float) -> None:
    assert pause(ENDURANCE, attempts, 1).total_seconds() == seconds


@law
@given(some.integers(0, 10**9), some.floats(0, 1))
def test_chance_takes_half_of_a_pause_at_most(attempts: int, chance: float) -> None:
    whole, some_of_it = (pause(ENDURANCE, attempts, one) for one in (1, chance))
    assert whole / 2 <= some_of_it <= whole
