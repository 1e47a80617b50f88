"""What the desk says in its own words."""

import pytest

from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.policy.words import (
    HANDED_OVER,
    NOTICES,
    refused,
    waiting_for,
    with_handover,
    with_notice,
)


@pytest.mark.parametrize("reason", NOTICES)
def test_a_notice_says_what_is_unavailable_for_now(reason: DegradedReason) -> None:
    assert "temporarily unavailable" in with_notice("", reason)


def test_a_notice_stands_apart_from_what_was_said_before() -> None:
    notice = with_notice("", DegradedReason.RUN_LIMIT)
    assert with_notice("I found two", DegradedReason.RUN_LIMIT) == f"\n\n{notice}"
    assert with_notice(" \n", DegradedReason.RUN_LIMIT) == notice


@pytest.mark.parametrize(
    "reason", [DegradedReason.AGENT_UNAVAILABLE, DegradedReason.STORAGE_UNAVAILABLE]
)
def test_a_silent_agent_and_a_whole_answer_need_no_notice(reason: DegradedReason) -> None:
    assert with_notice("", reason) == with_notice("All is well.", reason) == ""


def test_a_notice_after_a_tool_call_says_that_it_stands() -> None:
    notice = with_notice("", DegradedReason.MODEL_UNAVAILABLE, has_acted=True)
    assert "stays done" in notice
    assert "stays done" not in with_notice("", DegradedReason.MODEL_UNAVAILABLE)


def test_what_waits_is_named_once() -> None:
    assert waiting_for(["a", "b", "a"]).startswith(
        "This needs a person's approval first: `a`, `b`."
    )


def test_a_handover_stands_apart_from_what_was_said_before() -> None:
    assert with_handover("A moment.") == f"\n\n{HANDED_OVER}"
    assert with_handover(" ") == HANDED_OVER


def test_a_refusal_says_why_if_somebody_said_it() -> None:
    assert refused("Not today.") == "a person refused this call: Not today."
    assert refused(None) == "a person refused this call"
