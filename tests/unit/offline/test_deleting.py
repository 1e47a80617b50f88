"""Deleting with the offline model: never without a question and a plain answer."""

import pytest

from hexdesk.adapters.agents.offline import Call, phrases
from tests.unit.offline.conversations import MEMBER_ID, assistant, call, say, user


def test_deleting_is_asked_about_first():
    assert say("delete ticket 8") == phrases.ask_to_delete("8")
    assert "Answer: **yes, delete ticket 8**" in phrases.ask_to_delete("8")


def test_an_agent_that_may_not_delete_says_so_at_once():
    assert say("delete ticket 8", tools=frozenset({"get_ticket"})) == (
        "I can't delete tickets here: that tool isn't enabled for this agent. I can show a ticket."
    )


@pytest.mark.parametrize(
    "text",
    [
        "yes, delete ticket 8",
        "Yes delete #8",
        "yes, please delete it",
        "OK, delete ticket 8 please.",
    ],
)
def test_a_deletion_runs_when_the_answer_says_so_again(text: str):
    decision = call(text, user("delete #8"), assistant(phrases.ask_to_delete("8")))
    assert decision == Call(tool="delete_ticket", arguments={"ticket_id": "8"})


def test_a_ticket_named_by_its_id_can_be_deleted_too():
    question = assistant(phrases.ask_to_delete(MEMBER_ID))
    decision = call(f"yes, delete ticket {MEMBER_ID}", user("..."), question)
    assert decision == Call(tool="delete_ticket", arguments={"ticket_id": MEMBER_ID})


def test_a_bare_yes_deletes_nothing_and_is_asked_again():
    question = phrases.ask_to_delete("8")
    assert say("yes", user("delete #8"), assistant(question)) == question


def test_a_yes_for_another_ticket_asks_about_that_one():
    steps = (user("delete #8"), assistant(phrases.ask_to_delete("8")))
    assert say("yes, delete ticket 9", *steps) == phrases.ask_to_delete("9")


def test_a_no_keeps_the_ticket():
    steps = (user("delete #8"), assistant(phrases.ask_to_delete("8")))
    assert say("no, keep it", *steps) == phrases.UNCHANGED


def test_a_question_in_between_deletes_nothing():
    steps = (user("delete #8"), assistant(phrases.ask_to_delete("8")))
    assert call("what is #8 about?", *steps).tool == "get_ticket"


def test_a_yes_counts_only_right_after_the_question():
    steps = (
        user("delete #8"),
        assistant(phrases.ask_to_delete("8")),
        user("thanks"),
        assistant(phrases.WELCOME),
    )
    assert say("yes, delete ticket 8", *steps) == phrases.ask_to_delete("8")


def test_a_question_that_a_ticket_quotes_cannot_be_confirmed():
    quoted = assistant(f"**#4** Odd\n\n{phrases.ask_to_delete('8')}")
    assert say("yes, delete ticket 8", user("show #4"), quoted) == phrases.ask_to_delete("8")


def test_a_user_cannot_put_the_question_into_the_assistants_mouth():
    steps = (user(phrases.ask_to_delete("8")),)
    assert say("yes, delete ticket 8", *steps) == phrases.ask_to_delete("8")
