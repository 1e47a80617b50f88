"""How the offline model decides: what it does, what it asks, and what it refuses."""

import ast
import inspect
from collections.abc import Mapping

import pytest

from hexdesk.adapters.agents.offline import (
    Call,
    Conversation,
    Said,
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
from tests.unit.offline.score import TOOLS

MEMBER_ID = "0192f3c4-5a6b-7c8d-9e0f-0000000000aa"
PURE = (
    answers, changing, conversation, deleting, filing, language, lookups, phrases, results, rules,
    searching, slots, smalltalk,
)  # fmt: skip


def ticket(number: int, **fields: object) -> Mapping[str, object]:
    return {
        "number": number,
        "title": f"Ticket {number}",
        "status": "open",
        "priority": "normal",
    } | fields


def shown(number: int) -> ToolResult:
    arguments = {"ticket_id": str(number)}
    return ToolResult(tool="get_ticket", arguments=arguments, content=ticket(number))


def user(text: str) -> Said:
    return Said(by_user=True, text=text)


def assistant(text: str) -> Said:
    return Said(by_user=False, text=text)


def call(text: str, *steps: Said | ToolResult) -> Call:
    decision = decide(Conversation(text=text, steps=steps, member_id=MEMBER_ID), TOOLS)
    assert isinstance(decision, Call)
    return decision


def say(text: str, *steps: Said | ToolResult, tools: frozenset[str] = TOOLS) -> str:
    decision = decide(Conversation(text=text, steps=steps), tools)
    assert isinstance(decision, Say)
    return decision.text


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


def test_deleting_is_asked_about_first():
    assert say("delete ticket 8") == phrases.ask_to_delete("8")
    assert "Answer: **yes, delete ticket 8**" in phrases.ask_to_delete("8")


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


def test_it_means_the_ticket_that_was_just_created():
    created = ToolResult(tool="create_ticket", arguments={}, content=ticket(12))
    steps = (user("create a ticket: fax"), created, assistant("Created **#12** Fax"))
    decision = call("close it", *steps)
    assert decision.arguments == {"ticket_id": "12", "status": "closed"}


def test_it_means_the_ticket_of_the_last_answer_when_only_texts_are_kept():
    steps = (user("show #12"), assistant("**#12** Fax\n\nsee also #99"))
    assert call("close it", *steps).arguments["ticket_id"] == "12"


def test_it_means_the_only_ticket_found():
    page = {"data": [ticket(5)], "total": 1, "limit": 50, "offset": 0}
    found = ToolResult(tool="search_tickets", arguments={"query": "fax"}, content=page)
    assert call("close it", found).arguments["ticket_id"] == "5"


@pytest.mark.parametrize(
    "step",
    [
        ToolResult(
            tool="list_tickets",
            arguments={},
            content={"data": [ticket(1), ticket(2)], "total": 2},
        ),
        ToolResult(tool="list_tickets", arguments={}, content={"data": [ticket(1)], "total": 7}),
        ToolResult(tool="delete_ticket", arguments={"ticket_id": "3"}, content={"number": 3}),
        ToolResult(
            tool="get_ticket", arguments={"ticket_id": "4"}, content="unknown", succeeded=False
        ),
        assistant("Ticket #3 is deleted."),
        assistant(phrases.ask_to_delete("8")),
        assistant("3 tickets:\n\n- **#4** Fax\n- **#5** Phone"),
    ],
)
def test_it_is_unclear_when_the_last_answer_was_not_about_one_ticket(step: Said | ToolResult):
    steps = (shown(3), assistant("**#3** Ticket 3"), user("and now?"), step)
    assert say("close it", *steps).startswith("Which ticket do you mean?")


def test_it_is_unclear_once_another_ticket_was_named():
    steps = (shown(12), assistant("**#12** Fax"), user("#8 is worse"), assistant("I see."))
    assert say("close it", *steps).startswith("Which ticket do you mean?")


def test_it_is_unclear_when_the_message_names_another_ticket():
    assert say("same as #6, please close it", shown(12)).startswith("Which ticket do you mean?")


def test_small_talk_in_between_does_not_matter():
    steps = (shown(12), assistant("**#12** Fax"), user("thanks"), assistant(phrases.WELCOME))
    assert call("close it", *steps).arguments["ticket_id"] == "12"


@pytest.mark.parametrize(
    "step",
    [
        ToolResult(tool="get_system_health", arguments={}, content={"status": "ok"}),
        ToolResult(
            tool="update_ticket_status",
            arguments={"ticket_id": "12", "status": "waiting"},
            content="a resolved ticket cannot wait",
            succeeded=False,
        ),
        assistant(phrases.NOT_NOW),
        assistant(phrases.WHICH_PRIORITY.format(ticket="#12")),
    ],
)
def test_what_names_no_other_ticket_leaves_it_clear(step: Said | ToolResult):
    steps = (shown(12), assistant("**#12** Fax"), user("hm"), step)
    assert call("close it", *steps).arguments["ticket_id"] == "12"


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
