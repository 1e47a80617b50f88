"""Every tool, called with another company's ids, and whether that must fail.

Words in braces are as in `routes`. Whoever adds a tool adds it here.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolCase:
    """The arguments of a call; one that `fails` is about something that does not exist."""

    arguments: dict[str, Any]
    fails: bool = False


def about_their_ticket(**more: Any) -> ToolCase:
    """Return the case of a call about a ticket of another company."""
    return ToolCase({"ticket_id": "{ticket_id}", **more}, fails=True)


TOOLS: dict[str, ToolCase] = {
    "create_ticket": ToolCase({"title": "mine"}),
    "create_ticket_with_ai": ToolCase({"text": "Open a ticket."}),
    "get_ticket": about_their_ticket(),
    "update_ticket": about_their_ticket(title="mine"),
    "delete_ticket": about_their_ticket(),
    "update_ticket_status": about_their_ticket(status="closed"),
    "assign_ticket": about_their_ticket(assignee_id=None),
    "search_tickets": ToolCase({"query": "printer"}),
    "list_tickets": ToolCase({"assignee_id": "{user_id}"}),
    "get_ticket_stats": ToolCase({}),
    "list_integrations": ToolCase({}),
    "get_active_integrations": ToolCase({}),
    "get_system_health": ToolCase({}),
}
