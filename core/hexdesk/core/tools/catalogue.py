"""Which tools there are."""

from collections.abc import Iterable, Mapping

from hexdesk.core.tools import system, tickets
from hexdesk.core.tools.tool import Tool

BUILTIN: tuple[Tool, ...] = (
    tickets.create_ticket,
    tickets.create_ticket_with_ai,
    tickets.get_ticket,
    tickets.update_ticket,
    tickets.delete_ticket,
    tickets.update_ticket_status,
    tickets.assign_ticket,
    tickets.search_tickets,
    tickets.list_tickets,
    tickets.get_ticket_stats,
    system.list_integrations,
    system.get_active_integrations,
    system.get_system_health,
)

RESERVED_NAMES = frozenset({"hand_over"})
"""What models are offered beside tools, by the same kind of name."""


def catalogue(tools: Iterable[Tool] = BUILTIN) -> Mapping[str, Tool]:
    """Return the tools by name; raise `ValueError` for two of one name."""
    found: dict[str, Tool] = {}
    for one in tools:
        if one.name in found:
            raise ValueError(f"two tools are named {one.name!r}")
        found[one.name] = one
    return found
