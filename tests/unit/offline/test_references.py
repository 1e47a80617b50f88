"""What "it" means to the offline model, and when it asks."""

import pytest

from hexdesk.adapters.agents.offline import Said, ToolResult, phrases
from tests.unit.offline.conversations import assistant, call, say, shown, ticket, user


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
