"""The clock that tests move by hand."""

from datetime import timedelta

import pytest

from hexdesk.core.testing import NOON, SteadyClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = SteadyClock()
    assert (clock.now(), clock.elapsed()) == (NOON, 0)
    clock.advance(90.5)
    assert (clock.now(), clock.elapsed()) == (NOON + timedelta(seconds=90.5), 90.5)


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        SteadyClock().advance(-1)


def test_a_clock_can_start_at_any_time() -> None:
    start = NOON + timedelta(days=3)
    assert SteadyClock(start).now() == start


def test_ids_and_secrets_are_the_same_in_every_run() -> None:
    one, other = SteadyClock(), SteadyClock()
    assert [one.new_id() for _ in range(3)] == [other.new_id() for _ in range(3)]
    assert [one.new_secret() for _ in range(3)] == [other.new_secret() for _ in range(3)]


def test_ids_tell_the_time_they_were_made_at() -> None:
    clock = SteadyClock()
    clock.advance(0.25)
    assert clock.new_id().int >> 80 == int(NOON.timestamp()) * 1000 + 250
