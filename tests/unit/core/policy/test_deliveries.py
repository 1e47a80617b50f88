"""When a delivery is tried again, and what is remembered of attempts."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.model.webhooks import DeliveryAttempt, DeliveryStatus
from hexdesk.core.policy.deliveries import (
    MOST_ATTEMPTS,
    MOST_LOGGED,
    answered,
    delivered,
    given_up,
    lost,
    next_attempt_at,
    tried,
)
from hexdesk.core.testing.example_webhooks import a_delivery
from hexdesk.core.testing.examples import NOON, new_id

DELIVERY = a_delivery(new_id())
HOUR = 3600


@pytest.mark.parametrize(("code", "is_success"), [(200, True), (299, True), (301, False)])
def test_only_codes_of_success_are_no_error(code: int, *, is_success: bool) -> None:
    attempt = answered(NOON, code)
    assert attempt.status_code == code
    assert attempt.error == (None if is_success else f"the address answered {code}")


def test_attempts_are_counted_and_the_last_one_is_in_front() -> None:
    after = tried(DELIVERY, lost(NOON), answered(NOON, 500))
    assert (after.attempts, after.tries) == (2, 2)
    assert (after.last_status_code, after.last_error) == (500, "the address answered 500")
    again = tried(replace(after, tries=0), answered(NOON, 200))
    assert (again.attempts, again.tries) == (3, 1)
    assert (again.last_status_code, again.last_error) == (200, None)
    assert [one.status_code for one in again.attempt_log] == [None, 500, 200]


def test_the_log_keeps_the_newest_attempts() -> None:
    after = DELIVERY
    for code in range(500, 500 + MOST_LOGGED + 3):
        after = tried(after, answered(NOON, code))
    assert len(after.attempt_log) == MOST_LOGGED
    assert after.attempt_log[-1].status_code == 500 + MOST_LOGGED + 2
    assert after.attempts == MOST_LOGGED + 3


def test_what_has_arrived_has_no_next_attempt() -> None:
    done = delivered(DELIVERY, NOON)
    assert (done.status, done.next_attempt_at) == (DeliveryStatus.DELIVERED, None)
    assert done.delivered_at == NOON


@pytest.mark.parametrize(
    ("attempts", "status"),
    [
        ((), DeliveryStatus.FAILED),
        ((answered(NOON, 500), answered(NOON, 410)), DeliveryStatus.FAILED),
        ((lost(NOON), answered(NOON, 500)), DeliveryStatus.DELIVERY_UNKNOWN),
    ],
)
def test_what_is_given_up_has_failed_unless_an_attempt_may_have_arrived(
    attempts: tuple[DeliveryAttempt, ...], status: DeliveryStatus
) -> None:
    over = given_up(replace(DELIVERY, attempt_log=attempts))
    assert (over.status, over.next_attempt_at) == (status, None)


def seconds(tries: int, retry_after: str | None = None, chance: float = 1.0) -> float:
    at = next_attempt_at(replace(DELIVERY, tries=tries), NOON, retry_after, chance)
    assert at is not None
    return (at - NOON).total_seconds()


def test_pauses_double_up_to_an_hour_and_are_shortened_by_chance() -> None:
    assert [seconds(tries) for tries in (1, 2, 3, 10, 11, 19)] == [5, 10, 20, 2560, HOUR, HOUR]
    assert seconds(3, chance=0) == 10


def test_after_the_last_attempt_there_is_no_next() -> None:
    tired = replace(DELIVERY, tries=MOST_ATTEMPTS)
    assert next_attempt_at(tired, NOON, "1", 0.5) is None


def test_an_event_is_tried_for_a_night_and_not_for_ever() -> None:
    for chance, hours in ((0.0, 5.2), (1.0, 10.4)):
        whole = sum(seconds(tries, chance=chance) for tries in range(1, MOST_ATTEMPTS))
        assert whole / HOUR == pytest.approx(hours, abs=0.1)


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("60", 60),
        ("1", 5),
        ("0", 5),
        ("86400", HOUR),
        ("9" * 400, HOUR),
        ("Thu, 01 Jan 2026 12:01:40 GMT", 100),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 5),
        ("Fri, 31 Dec 9999 23:59:59 GMT", HOUR),
        ("soon", 5),
        ("-7", 5),
        ("\u0663", 5),
        ("", 5),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause_within_reason(
    retry_after: str, expected: float
) -> None:
    assert seconds(1, retry_after) == expected


def test_a_date_is_read_as_utc() -> None:
    at = next_attempt_at(DELIVERY, NOON, "Thu, 01 Jan 2026 12:10:00 GMT", 0)
    assert at == NOON + timedelta(minutes=10)
