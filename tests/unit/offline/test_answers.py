"""What the offline model says about the answers of tools."""

import json

import pytest

from hexdesk.adapters.agents.offline import ToolResult
from hexdesk.adapters.agents.offline.answers import answer

EMPTY: dict[str, object] = {"data": [], "total": 0, "limit": 50, "offset": 0}
TICKET = {
    "id": "0192f3c4-5a6b-7c8d-9e0f-112233445566",
    "number": 12,
    "organization_id": "0192f3c4-5a6b-7c8d-9e0f-000000000001",
    "title": "Login issue",
    "description": "I cannot sign in.",
    "status": "in_progress",
    "priority": "high",
    "category": "access",
    "tags": ["vip", "sso"],
    "assignee_id": None,
    "created_at": "2026-11-25T01:02:03Z",
    "resolved_at": "2026-11-26T01:02:03Z",
    "version": 3,
}


def told(tool: str, content: object, **arguments: object) -> str:
    return answer(ToolResult(tool=tool, arguments=arguments, content=content))


def test_a_ticket_is_shown_with_its_facts():
    assert told("get_ticket", TICKET) == (
        "**#12** Login issue\n\n"
        "- Status: in progress\n"
        "- Priority: high\n"
        "- Category: access\n"
        "- Tags: vip, sso\n"
        "- Assigned to: nobody\n"
        "- Created: 2026-11-25 01:02 UTC\n"
        "- Resolved: 2026-11-26 01:02 UTC\n\n"
        "I cannot sign in."
    )


def test_a_bare_ticket_is_shown_without_what_it_lacks():
    bare = {"number": 1, "title": "Fax", "description": "Fax", "status": "open", "priority": "low"}
    assert told("get_ticket", bare) == (
        "**#1** Fax\n\n- Status: open\n- Priority: low\n- Assigned to: nobody"
    )


def test_an_answer_may_be_json_text():
    assert told("create_ticket", json.dumps(TICKET)) == (
        "Created **#12** Login issue (in progress, high priority)"
    )


def test_a_change_shows_how_the_ticket_is_now():
    assert told("update_ticket_status", TICKET, ticket_id="12", status="in_progress") == (
        "Updated **#12** Login issue (in progress, high priority)"
    )


@pytest.mark.parametrize(("assignee_id", "words"), [("m-1", "to m-1"), (None, "to nobody")])
def test_an_assignment_says_to_whom(assignee_id: str | None, words: str):
    content = TICKET | {"assignee_id": assignee_id}
    assert told("assign_ticket", content, assignee_id=assignee_id).endswith(f"assigned {words}")


def test_a_deletion_names_the_ticket():
    assert told("delete_ticket", None, ticket_id="8") == "Ticket #8 is deleted."


def test_an_empty_list_says_what_was_looked_for():
    assert told("search_tickets", EMPTY, query="fax") == (
        "There are no tickets matching \u201cfax\u201d."
    )
    assert told("list_tickets", EMPTY, status="in_progress", priority="low") == (
        "There are no tickets with status in progress and priority low."
    )


def test_a_long_list_is_cut_and_says_so():
    page = {"data": [TICKET] * 12, "total": 40, "limit": 12, "offset": 0}
    text = told("list_tickets", page)
    assert text.startswith(
        "40 tickets, newest first:\n\n- **#12** Login issue (in progress, high priority)\n"
    )
    assert text.count("- **#12**") == 10
    assert text.endswith("and 30 more.")


def test_an_inexact_total_is_not_called_exact():
    page = {"data": [TICKET], "total": 10000, "total_is_exact": False}
    assert told("list_tickets", page).startswith("more than 10000 tickets, newest first:")


def test_one_ticket_is_one_ticket():
    assert told("list_tickets", {"data": [TICKET], "total": 1}, query="x").startswith(
        "1 ticket matching \u201cx\u201d:\n\n"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "30 seconds"), (90, "1.5 minutes"), (5400, "1.5 hours"), (129600, "1.5 days")],
)
def test_figures_are_told_with_a_readable_span(seconds: float, words: str):
    stats = {
        "total": 3,
        "by_status": {"open": 2, "in_progress": 1},
        "by_priority": {"low": 3},
        "unassigned": 1,
        "created_today": 2,
        "resolved_today": 0,
        "average_resolution_seconds": seconds,
    }
    assert told("get_ticket_stats", stats) == (
        "3 tickets in all:\n\n"
        "- By status: 2 open, 1 in progress\n"
        "- By priority: 3 low\n"
        "- Unassigned: 1\n"
        "- Created today: 2\n"
        "- Resolved today: 0\n"
        f"- Average time to resolution: {words}"
    )


def test_figures_that_are_missing_are_not_told():
    assert told("get_ticket_stats", {"total": 0}) == "0 tickets in all:\n"


def test_health_names_each_component():
    health = {
        "status": "degraded",
        "version": "1",
        "components": {
            "database": {"status": "ok", "latency_ms": 1.0, "detail": None},
            "mcp": {"status": "down", "latency_ms": None, "detail": "connection refused"},
        },
    }
    assert told("get_system_health", health) == (
        "The system is **degraded**.\n\n- database: ok\n- mcp: down (connection refused)"
    )
    assert told("get_system_health", {"status": "ok"}) == "The system is **ok**."


def test_integrations_are_listed_with_their_state():
    page = {
        "data": [
            {"type": "webhook", "name": "CRM", "is_active": True, "status": "ok"},
            {"type": "slack", "name": "Chat", "is_active": False},
        ],
        "total": 2,
    }
    assert told("list_integrations", page) == (
        "2 integrations:\n\n- **CRM** (webhook, active, status ok)\n- **Chat** (slack, not active)"
    )
    assert told("list_integrations", EMPTY) == "There are no integrations."
    assert told("get_active_integrations", EMPTY) == "There are no active integrations."


def test_what_people_wrote_is_shown_as_text_and_not_as_markup():
    hostile = TICKET | {"title": "![x](https://evil.example/?q)\n# **now** <b>|", "description": ""}
    line = told("create_ticket", hostile)
    assert "!\\[x\\](https://evil.example/?q) # \\*\\*now\\*\\* \\<b\\>\\|" in line
    assert "\n" not in line


def test_a_long_text_is_cut():
    text = told("get_ticket", TICKET | {"description": "word " * 500})
    assert len(text) < 1000
    assert text.endswith("\u2026")


@pytest.mark.parametrize(
    "tool",
    [
        "get_ticket", "create_ticket", "update_ticket", "list_tickets", "get_ticket_stats",
        "get_system_health", "list_integrations", "a_plugins_tool",
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_quoted_or_called_done(tool: str):
    assert told(tool, "queued for later") == f"`{tool}` answered: queued for later"
    assert told(tool, {"surprise": 1}) == f"`{tool}` is done."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"detail": "ticket '99' does not exist."}, ": ticket '99' does not exist"),
        ({"error": "Tool access denied"}, ": Tool access denied"),
        ({"title": "Conflict"}, ": Conflict"),
        ("no approval\nyet", ": no approval yet"),
        (None, ""),
        ({}, ""),
    ],
)
def test_a_refusal_is_explained_in_the_tools_words(content: object, reason: str):
    result = ToolResult(tool="get_ticket", arguments={}, content=content, succeeded=False)
    assert answer(result) == (
        f"That did not work. `get_ticket` was refused or failed{reason}. "
        "I don't try the same again by myself."
    )
