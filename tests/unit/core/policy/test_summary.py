"""A text's own words make its summary where no model writes one."""

from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.model.documents import Section
from hexdesk.core.policy.summary import MOST_CHARACTERS, summary_of

POLICY = """\
# Refund policy

Customers may return a lamp within thirty days of delivery. The weather was fine that day.
The refund for a returned lamp is paid to the card that paid for the lamp.

## Exceptions

1. A broken lamp is replaced, and its return is free for customers.

Page 1
"""


def told(*texts: str) -> str:
    return summary_of(Section(text=text) for text in texts)


def test_a_summary_begins_with_the_heading() -> None:
    assert told(POLICY).startswith("Refund policy: Customers may return a lamp within thirty days")


def test_a_summary_is_made_of_what_the_text_is_about() -> None:
    filler = " ".join(
        f"Something number {'abcdefgh'[n] * 5} happened on that day." for n in range(8)
    )
    summary = told(POLICY, filler)
    assert "The refund for a returned lamp is paid to the card" in summary
    assert "Page 1" not in summary
    assert "happened" not in told(POLICY + POLICY.replace("lamp", "lamp shade"), filler)[:300]


def test_a_sentence_that_is_wrapped_is_one_sentence() -> None:
    assert told("My lamp came broken and I\nwould like another one, please.") == (
        "My lamp came broken and I would like another one, please."
    )


def test_the_first_line_is_a_title_unless_it_is_a_sentence() -> None:
    assert told("Opening hours\n\nWe are open from nine to five.") == (
        "Opening hours: We are open from nine to five."
    )
    assert told("We open at nine.\nWe close at five o'clock.") == (
        "We open at nine. We close at five o'clock."
    )


def test_a_sentence_that_is_too_long_is_cut() -> None:
    summary = told("words " * 1000)
    assert len(summary) <= MOST_CHARACTERS
    assert summary.endswith("words…")


def test_a_title_alone_is_a_summary() -> None:
    assert told("# Lamps") == "Lamps"


def test_nothing_has_no_summary() -> None:
    assert told() == told("  \n ") == ""


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert "secret" not in told("We sell many lamps. " * 10_000, "The secret is told too late.")


@given(st.lists(st.text(), max_size=4))
def test_a_summary_is_short_whatever_the_text(texts: list[str]) -> None:
    assert len(told(*texts)) <= MOST_CHARACTERS
