"""How the offline model decides: what it does, what it asks, and what it refuses."""

import ast
import inspect

import pytest

from hexdesk.adapters.agents.offline import (
    Call,
    Conversation,
    Say,
    ToolResult,
    answers,
    changing,
    conversation,
    decide,
    deleting,
    filing,
    language,
    lookups,
    phrases,
    results,
    rules,
    searching,
    slots,
    smalltalk,
)
from tests.unit.offline.conversations import MEMBER_ID, assistant, call, say, user
from tests.unit.offline.score import TOOLS

PURE = (
    answers, changing, conversation, deleting, filing, language, lookups, phrases, results, rules,
    searching, slots, smalltalk,
)  # fmt: skip


def test_the_rules_know_no_ai_library():
    imported = {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for module in PURE
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert not [name for name in imported if name.startswith("pydantic")]


def test_a_test_ticket_is_created_with_its_text():
    assert call("Create a test ticket") == Call(
        tool="create_ticket",
        arguments={"title": "Test ticket", "description": "Create a test ticket"},
    )


def test_a_ticket_for_an_issue_is_named_after_the_issue():
    arguments = call("Create a new ticket for my login issue").arguments
    assert arguments["title"] == "Login issue"


def test_a_long_subject_becomes_a_short_title_and_a_whole_description():
    text = "Create a ticket: " + "the export fails " * 30
    arguments = call(text).arguments
    assert len(str(arguments["title"])) <= 121
    assert arguments["description"] == text.strip()


def test_an_agent_without_the_tool_says_what_it_can_do_instead():
    tools = frozenset({"search_tickets", "get_ticket"})
    assert say("Create a new ticket for my login issue", tools=tools) == (
        "I can't create tickets here: that tool isn't enabled for this agent. "
        "I can search existing tickets and show a ticket."
    )


def test_an_agent_without_tools_says_so():
    assert "none of my tools is enabled" in say("help", tools=frozenset())


@pytest.mark.parametrize("text", ["hi", "help", "what does it cost?", "I want a human"])
def test_it_says_what_it_is_where_that_matters(text: str):
    assert say(text).endswith(phrases.NOTICE)


def test_results_and_refusals_are_not_signed():
    tools = frozenset({"get_ticket"})
    assert phrases.NOTICE not in say("create a ticket: x is broken", tools=tools)


@pytest.mark.parametrize(
    ("tools", "tool", "arguments"),
    [
        ({"create_ticket_with_ai"}, "create_ticket_with_ai", {"text": "log a bug: no sound"}),
        ({"create_ticket_with_ai", "create_ticket"}, "create_ticket", None),
    ],
)
def test_the_other_creating_tool_serves_when_it_is_the_only_one(
    tools: set[str], tool: str, arguments: dict[str, str] | None
):
    decision = decide(Conversation(text="log a bug: no sound"), tools)
    assert isinstance(decision, Call)
    assert decision.tool == tool
    assert arguments is None or decision.arguments == arguments


def test_integrations_are_read_with_whichever_tool_there_is():
    decision = decide(Conversation(text="which integrations are active?"), {"list_integrations"})
    assert decision == Call(tool="list_integrations", arguments={})


def test_a_search_is_narrowed_by_what_stands_before_its_subject():
    assert call("search urgent open tickets for closed accounts").arguments == {
        "query": "closed accounts",
        "status": "open",
        "priority": "urgent",
    }
    assert call("search closed accounts").arguments == {"query": "closed accounts"}


def test_a_title_of_dots_is_asked_for_again():
    assert say('rename #4 to "."').startswith("What shall the title be?")


def test_the_answer_to_what_is_it_about_becomes_the_ticket():
    steps = (user("open an urgent ticket"), assistant(phrases.ASK_SUBJECT))
    assert call("The fax in room 5 is on fire", *steps) == Call(
        tool="create_ticket",
        arguments={
            "title": "Fax in room 5 is on fire",
            "description": "The fax in room 5 is on fire",
            "priority": "urgent",
        },
    )


@pytest.mark.parametrize("text", ["cancel", "no, never mind"])
def test_a_new_ticket_can_be_cancelled(text: str):
    steps = (user("open a ticket"), assistant(phrases.ASK_SUBJECT))
    assert say(text, *steps) == phrases.UNCHANGED


def test_a_question_is_not_taken_as_a_tickets_subject():
    steps = (user("open a ticket"), assistant(phrases.ASK_SUBJECT))
    assert phrases.NOTICE in say("why do you want to know?", *steps)


def test_punctuation_is_not_taken_as_a_tickets_subject():
    steps = (user("open a ticket"), assistant(phrases.ASK_SUBJECT))
    assert phrases.NOTICE in say("...", *steps)


def test_to_me_is_the_acting_member_where_that_is_known():
    assert call("assign #6 to me").arguments == {"ticket_id": "6", "assignee_id": MEMBER_ID}
    assert "don't know your member id" in say("assign #6 to me")


def test_names_and_addresses_are_not_guessed_to_be_members():
    assert say("assign #6 to maya@example.com").startswith("I can't look up members")


def test_tickets_assigned_to_me_are_listed_where_that_is_known():
    assert call("show tickets assigned to me").arguments == {"assignee_id": MEMBER_ID}
    assert say("show tickets assigned to me") == phrases.MINE_UNKNOWN


@pytest.mark.parametrize("text", ["set the status of #4 to high", "set status of #4 to low"])
def test_a_priority_is_no_status(text: str):
    assert say(text) == phrases.WHICH_STATUS


def test_an_order_inside_a_long_message_is_not_obeyed():
    assert say("close #4 because " + "the customer wrote again " * 20) == phrases.NOT_NOW


def test_behind_four_thousand_characters_nothing_is_read():
    assert phrases.NOTICE in say("blah " * 1000 + "\nplease create a ticket: fax")


@pytest.mark.parametrize("count", ["0", "500"])
def test_a_list_has_a_sensible_length(count: str):
    limit = call(f"show the last {count} tickets").arguments["limit"]
    assert limit in {1, 50}


def test_invisible_characters_hide_nothing():
    assert call("clo\u200bse #\u200b4").arguments == {"ticket_id": "4", "status": "closed"}


def test_a_tools_answer_ends_the_turn():
    result = ToolResult(
        tool="create_ticket",
        arguments={"title": "Fax"},
        content={"detail": "needs a person's approval"},
        succeeded=False,
    )
    decision = decide(Conversation(text="create a ticket: fax", result=result), TOOLS)
    assert decision == Say(
        text="That did not work. `create_ticket` was refused or failed: needs a person's approval. "
        "I don't try the same again by myself."
    )
