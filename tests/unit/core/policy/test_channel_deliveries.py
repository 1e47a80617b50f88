"""When a message into a channel is tried again, whatever the other system wishes for."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.errors import LONGEST_WAIT_SECONDS, RetryAfterError
from hexdesk.core.policy.channel_deliveries import PAUSES, next_try
from hexdesk.core.testing.channel_examples import a_channel_conversation, a_channel_delivery
from hexdesk.core.testing.examples import NOON, new_id

DELIVERY = a_channel_delivery(a_channel_conversation(new_id(), new_id()))
HOUR = timedelta(seconds=PAUSES.longest_pause)


@pytest.mark.parametrize("wished", [1e15, 1e300, math.inf, 10**400])
def test_a_wish_to_wait_for_ever_is_granted_an_hour(wished: float) -> None:
    assert next_try(DELIVERY, NOON, wished, 0) == NOON + HOUR


@given(st.floats() | st.integers())
def test_what_a_stranger_wishes_for_is_a_time_to_wait(wished: float) -> None:
    told = RetryAfterError("slowly", retry_after=wished)
    assert 0 <= told.retry_after <= LONGEST_WAIT_SECONDS
    due = next_try(DELIVERY, NOON, told.retry_after, 0)
    assert due
    assert NOON <= due <= NOON + HOUR


@pytest.mark.parametrize(
    ("wished", "granted"),
    [(math.inf, 86_400), (math.nan, 86_400), (-math.inf, 0), (-1, 0), (0.5, 1), (7, 7)],
)
def test_what_is_no_time_is_the_longest_or_none(wished: float, granted: int) -> None:
    assert RetryAfterError("slowly", retry_after=wished).retry_after == granted
