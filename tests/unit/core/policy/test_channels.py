"""Who writes in a channel, and what is made of what came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.model.channels import ChannelCapabilities, Sender
from hexdesk.core.policy.channels import (
    CUT,
    LONGEST_CONTENT,
    NOTHING,
    content_of,
    customer_of,
    digest,
    fitted,
    name_of_conversation,
    name_of_message,
    title_of,
)
from hexdesk.core.testing.channel_examples import ANN, a_message
from hexdesk.core.testing.channels_contract import an_outbound
from hexdesk.core.testing.examples import new_id


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_digests(one: list[str], other: list[str]) -> None:
    if not any("\0" in part or not part.isprintable() for part in (*one, *other)):
        assert (digest(*one) == digest(*other)) == (one == other)
    assert len(digest(*one)) == 64


def test_a_digest_takes_any_text() -> None:
    assert digest("\ud800\0") == digest("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")


def test_a_name_is_one_senders() -> None:
    bob = Sender(external_id="bob")
    assert name_of_conversation(ANN, "a") != name_of_conversation(bob, "a")
    assert name_of_message(ANN, "a") != name_of_message(bob, "a")
    assert name_of_message(ANN, "a") != name_of_conversation(ANN, "a")


@pytest.mark.parametrize(
    ("email", "is_verified", "expected"),
    [("a@example.com", True, True), (None, True, False), ("a@example.com", False, False)],
)
def test_only_a_proved_address_verifies(
    email: str | None, *, is_verified: bool, expected: bool
) -> None:
    sender = Sender(external_id="ann", email=email, is_verified=is_verified)
    assert customer_of(new_id(), "pigeon", sender).is_verified is expected


@pytest.mark.parametrize(
    ("subject", "text", "title"),
    [
        ("Parcel", "Where?", "Parcel"),
        (None, "\n  Where is it?\nThanks.", "Where is it?"),
        ("  ", "", "A message without text"),
        ("x" * 300, "", "x" * 200),
    ],
)
def test_a_title_is_the_subject_or_the_first_line(
    subject: str | None, text: str, title: str
) -> None:
    assert title_of(a_message(subject=subject, text=text)) == title


def test_what_is_said_fits_and_says_what_is_missing() -> None:
    assert content_of(a_message(text=" Hello? "), ()) == "Hello?"
    assert content_of(a_message(text=" \n"), ("one note",)) == f"{NOTHING}\n\n[one note]"
    long = content_of(a_message(text="x" * 40_000), ("one note",))
    assert len(long) == LONGEST_CONTENT
    assert long.endswith(f"{CUT}\n\n[one note]")


def test_what_goes_out_fits() -> None:
    fits = ChannelCapabilities(longest_text=5)
    assert fitted(an_outbound("12345"), fits).text == "12345"
    assert fitted(an_outbound("123456"), fits).text == "1234…"
