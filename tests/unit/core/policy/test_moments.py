"""When things are said."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.moments import next_moment
from hexdesk.core.testing.examples import NOON
from tests.unit.core.laws import law

SECONDS = some.integers(-100, 100).map(lambda seconds: timedelta(seconds=seconds))


@law
@given(SECONDS)
def test_what_is_said_next_is_later_whoever_s_clock_is_late(lateness: timedelta) -> None:
    latest, now = NOON, NOON - lateness
    moment = next_moment(now, latest)
    assert moment > latest
    assert (moment == now) == (now > latest)
