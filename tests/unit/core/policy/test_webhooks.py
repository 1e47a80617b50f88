"""Who hears of what, and how it is signed."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.webhooks import (
    KNOWN_EVENTS,
    PATTERNS,
    event_body,
    signing_key,
    wants,
    webhook_headers,
)
from tests.unit.core.laws import law

AT = datetime(2021, 2, 25, 15, 2, 10, 700_000, tzinfo=UTC)
# The example that the libraries of standardwebhooks.com test themselves with.
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_attempt_is_signed_as_the_standard_says() -> None:
    at = datetime.fromtimestamp(1614265330.7, tz=UTC)
    assert webhook_headers(EVENT_ID, at, BODY, SECRET) == {
        "content-type": "application/json",
        "webhook-id": EVENT_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_without_a_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in webhook_headers(EVENT_ID, AT, BODY, None)


def test_the_signature_is_another_for_another_id_time_body_or_secret() -> None:
    later = AT.replace(second=11)
    attempts = [
        (EVENT_ID, AT, BODY, SECRET),
        ("msg_other", AT, BODY, SECRET),
        (EVENT_ID, later, BODY, SECRET),
        (EVENT_ID, AT, b"{}", SECRET),
        (EVENT_ID, AT, BODY, "another"),
    ]
    assert len({webhook_headers(*attempt)["webhook-signature"] for attempt in attempts}) == 5


@law
@given(key=some.binary(min_size=1, max_size=64))
def test_a_key_is_what_follows_the_prefix_with_its_padding_or_without(key: bytes) -> None:
    encoded = base64.b64encode(key).decode()
    assert signing_key(f"whsec_{encoded}") == key
    assert signing_key(f"whsec_{encoded.rstrip('=')}") == key


def test_any_other_text_is_its_own_key() -> None:
    assert signing_key("größer") == "größer".encode()
    assert signing_key("bm90IGJhc2U2NA==") == b"bm90IGJhc2U2NA=="


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_===", "whsec_a", "whsec_not base64", "whsec_ä"]
)
def test_a_key_that_cannot_be_read_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signing_key(secret)


@pytest.mark.parametrize(
    ("events", "is_wanted"),
    [
        ((), True),
        (("*",), True),
        (("ticket.*",), True),
        (("ticket.created",), True),
        (("thread.created", "ticket.created"), True),
        (("ticket.updated", "thread.*"), False),
        (("ticket.create",), False),
        (("ticket",), False),
        (("agent answered",), False),
    ],
)
def test_a_webhook_hears_of_what_it_asked_for(events: tuple[str, ...], *, is_wanted: bool) -> None:
    assert wants(events, "ticket.created") is is_wanted


def test_every_event_can_be_asked_for_by_its_name_its_kind_or_with_all_others() -> None:
    assert {*EventType} | PATTERNS == KNOWN_EVENTS
    assert {"*", "ticket.*", "thread.*"} <= PATTERNS
    for name in EventType:
        assert len([one for one in KNOWN_EVENTS if wants([one], name)]) == 3


def test_a_body_tells_what_happened_and_when() -> None:
    assert event_body("ticket.created", AT, {"id": 1}) == (
        b'{"type":"ticket.created","timestamp":"2021-02-25T15:02:10.700000Z","data":{"id":1}}'
    )
