"""What failed several times in a row is left alone for a while."""

import pytest

from hexdesk.adapters.tools.mcp_client import Breaker


class Now:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def breaker(now: Now) -> Breaker:
    return Breaker(most_failures=3, rest_seconds=10, now=now)


def fail(breaker: Breaker, times: int) -> None:
    """Count failures."""
    for _ in range(times):
        breaker.failed()


def test_a_few_failures_do_not_open_it(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert not breaker.is_open


def test_several_failures_in_a_row_do(breaker: Breaker) -> None:
    fail(breaker, 3)
    assert breaker.is_open


def test_a_success_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert not breaker.is_open


def test_after_its_rest_one_attempt_may_be_made(breaker: Breaker, now: Now) -> None:
    fail(breaker, 3)
    now.seconds += 9.9
    assert breaker.is_open
    now.seconds += 0.1
    assert not breaker.is_open
    assert breaker.is_open  # for all others, until that one is back


def test_when_that_fails_it_rests_again(breaker: Breaker, now: Now) -> None:
    fail(breaker, 3)
    now.seconds += 10
    assert not breaker.is_open
    breaker.failed()
    now.seconds += 9.9
    assert breaker.is_open
    now.seconds += 0.1
    assert not breaker.is_open


def test_when_that_succeeds_it_closes(breaker: Breaker, now: Now) -> None:
    fail(breaker, 3)
    now.seconds += 10
    assert not breaker.is_open
    breaker.succeeded()
    assert not breaker.is_open
    fail(breaker, 2)
    assert not breaker.is_open


def test_an_attempt_that_never_comes_back_does_not_keep_it_open_for_ever(
    breaker: Breaker, now: Now
) -> None:
    fail(breaker, 3)
    now.seconds += 10
    assert not breaker.is_open
    now.seconds += 10
    assert not breaker.is_open
