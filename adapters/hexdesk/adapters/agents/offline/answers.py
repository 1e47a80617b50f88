"""What the model says about a tool's answer: short Markdown with the real data in it."""

import re
from collections.abc import Callable, Mapping

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import ToolResult
from hexdesk.adapters.agents.offline.results import (
    Component,
    Health,
    IntegrationList,
    Ticket,
    TicketList,
    TicketStats,
    parse,
    refusal,
)

_MOST_ROWS = 10
_LONGEST_LINE = 100
_LONGEST_TEXT = 600
_MARKUP = re.compile(r"([\\`*\[\]<>|])")
_DAY = 86_400.0
_HOUR = 3_600.0
_MINUTE = 60.0


def answer(result: ToolResult) -> str:
    """Tell what a tool found or did, or why it did not."""
    if not result.succeeded:
        reason = refusal(result.content)
        because = f": {inline(reason, 300)}" if reason else ""
        return (
            f"That did not work. `{result.tool}` was refused or failed{because}. {phrases.NO_RETRY}"
        )
    tell = _TELLERS.get(result.tool)
    return (tell(result) if tell else None) or _quote(result)


def _quote(result: ToolResult) -> str:
    text = result.content if isinstance(result.content, str) else ""
    said = inline(text, _LONGEST_TEXT)
    return f"`{result.tool}` answered: {said}" if said else f"`{result.tool}` is done."


def _tell_ticket(result: ToolResult) -> str | None:
    ticket = parse(result.content, Ticket)
    if ticket is None:
        return None
    facts = [f"- Status: {_spaced(ticket.status)}", f"- Priority: {ticket.priority}"]
    if ticket.category:
        facts.append(f"- Category: {inline(ticket.category)}")
    if ticket.tags:
        facts.append(f"- Tags: {inline(', '.join(ticket.tags))}")
    facts.append(f"- Assigned to: {ticket.assignee_id or 'nobody'}")
    if ticket.created_at:
        facts.append(f"- Created: {_moment(ticket.created_at)}")
    if ticket.resolved_at:
        facts.append(f"- Resolved: {_moment(ticket.resolved_at)}")
    text = f"**#{ticket.number}** {inline(ticket.title)}\n\n" + "\n".join(facts)
    about = inline(ticket.description, _LONGEST_TEXT)
    return f"{text}\n\n{about}" if about and ticket.description != ticket.title else text


def _tell_creation(result: ToolResult) -> str | None:
    ticket = parse(result.content, Ticket)
    return ticket and f"Created {_line(ticket)}"


def _tell_change(result: ToolResult) -> str | None:
    ticket = parse(result.content, Ticket)
    if ticket is None:
        return None
    if "assignee_id" not in result.arguments:
        return f"Updated {_line(ticket)}"
    owner = f"assigned to {ticket.assignee_id}" if ticket.assignee_id else "assigned to nobody"
    return f"Updated {_line(ticket)}, {owner}"


def _tell_deletion(result: ToolResult) -> str:
    return phrases.deleted(str(result.arguments.get("ticket_id")))


def _tell_list(result: ToolResult) -> str | None:
    page = parse(result.content, TicketList)
    if page is None:
        return None
    found = _filters(result.arguments)
    if not page.data:
        return f"There are no tickets{found}."
    total = f"{page.total}" if page.total_is_exact else f"more than {page.total}"
    noun = "ticket" if page.total == 1 else "tickets"
    rows = "\n".join(f"- {_line(ticket)}" for ticket in page.data[:_MOST_ROWS])
    more = page.total - min(len(page.data), _MOST_ROWS)
    rest = f"\n\nand {more} more." if more > 0 else ""
    order = "" if "query" in result.arguments else ", newest first"
    return f"{total} {noun}{found}{order}:\n\n{rows}{rest}"


def _tell_stats(result: ToolResult) -> str | None:
    stats = parse(result.content, TicketStats)
    if stats is None:
        return None
    lines = [f"{stats.total} tickets in all:", ""]
    lines += [f"- By status: {_counts(stats.by_status)}"] if stats.by_status else []
    lines += [f"- By priority: {_counts(stats.by_priority)}"] if stats.by_priority else []
    figures = (
        ("Unassigned", stats.unassigned),
        ("Created today", stats.created_today),
        ("Resolved today", stats.resolved_today),
    )
    lines += [f"- {name}: {figure}" for name, figure in figures if figure is not None]
    if stats.average_resolution_seconds is not None:
        lines.append(f"- Average time to resolution: {_span(stats.average_resolution_seconds)}")
    return "\n".join(lines)


def _tell_health(result: ToolResult) -> str | None:
    health = parse(result.content, Health)
    if health is None:
        return None
    lines = [f"- {name}: {_component(part)}" for name, part in health.components.items()]
    return "\n".join((f"The system is **{health.status}**.", *([""] if lines else []), *lines))


def _tell_integrations(result: ToolResult) -> str | None:
    page = parse(result.content, IntegrationList)
    if page is None:
        return None
    if not page.data:
        is_active = result.tool == "get_active_integrations"
        return f"There are no{' active' if is_active else ''} integrations."
    rows = "\n".join(
        f"- **{inline(each.name)}** ({each.type}, {'active' if each.is_active else 'not active'}"
        f"{f', status {each.status}' if each.status else ''})"
        for each in page.data[:_MOST_ROWS]
    )
    return f"{page.total} integration{'' if page.total == 1 else 's'}:\n\n{rows}"


def _line(ticket: Ticket) -> str:
    state = f"{_spaced(ticket.status)}, {ticket.priority} priority"
    return f"**#{ticket.number}** {inline(ticket.title)} ({state})"


def _filters(arguments: Mapping[str, object]) -> str:
    query = arguments.get("query")
    told = f" matching \u201c{inline(str(query))}\u201d" if query else ""
    named = [
        f"{name} {_spaced(str(arguments[name]))}"
        for name in ("status", "priority")
        if arguments.get(name)
    ]
    return f"{told} with {' and '.join(named)}" if named else told


def _component(part: Component) -> str:
    return f"{part.status} ({inline(part.detail)})" if part.detail else part.status


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {_spaced(name)}" for name, count in counts.items())


def _span(seconds: float) -> str:
    for size, unit in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _moment(timestamp: str) -> str:
    return f"{timestamp[:16].replace('T', ' ')} UTC"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def inline(text: str, longest: int = _LONGEST_LINE) -> str:
    """Put somebody's text on one line, as text and not as markup."""
    line = " ".join(text.split())
    short = line if len(line) <= longest else line[: longest - 1].rstrip() + "\u2026"
    return _MARKUP.sub(r"\\\1", short)


_TELLERS: Mapping[str, Callable[[ToolResult], str | None]] = {
    "create_ticket": _tell_creation,
    "create_ticket_with_ai": _tell_creation,
    "get_ticket": _tell_ticket,
    "update_ticket": _tell_change,
    "update_ticket_status": _tell_change,
    "assign_ticket": _tell_change,
    "delete_ticket": _tell_deletion,
    "search_tickets": _tell_list,
    "list_tickets": _tell_list,
    "get_ticket_stats": _tell_stats,
    "get_system_health": _tell_health,
    "list_integrations": _tell_integrations,
    "get_active_integrations": _tell_integrations,
}
