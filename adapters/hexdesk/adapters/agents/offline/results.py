"""Reading what tools answer: tickets, lists, figures, health, and refusals."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from hexdesk.adapters.agents.offline.conversation import Conversation, Said, Step, ToolResult
from hexdesk.adapters.agents.offline.language import read
from hexdesk.adapters.agents.offline.phrases import deleted
from hexdesk.adapters.agents.offline.slots import UUID, mentions

# How every answer about one ticket begins, so that it is known from its text alone.
_ABOUT_ONE_TICKET = re.compile(rf"(?:Created |Updated )?\*\*#?(\d{{1,9}}|{UUID})\*\*")

_ABOUT_NO_TICKET = frozenset(
    {"get_ticket_stats", "get_system_health", "list_integrations", "get_active_integrations"}
)

T = TypeVar("T")


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a ticket that the model tells about."""

    number: int
    title: str
    status: str
    priority: str
    description: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()
    assignee_id: str | None = None
    created_at: str | None = None
    resolved_at: str | None = None


class TicketList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of tickets."""

    data: tuple[Ticket, ...]
    total: int
    total_is_exact: bool = True


class TicketStats(msgspec.Struct, frozen=True, kw_only=True):
    """Figures about all tickets."""

    total: int
    by_status: Mapping[str, int] = {}
    by_priority: Mapping[str, int] = {}
    unassigned: int | None = None
    created_today: int | None = None
    resolved_today: int | None = None
    average_resolution_seconds: float | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the installation and how it is."""

    status: str
    detail: str | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the installation is."""

    status: str
    components: Mapping[str, Component] = {}


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A connected system."""

    type: str
    name: str
    is_active: bool = True
    status: str | None = None


class IntegrationList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of connected systems."""

    data: tuple[Integration, ...]
    total: int


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    detail: str | None = None
    error: str | None = None
    message: str | None = None
    title: str | None = None


def parse(content: object, shape: type[T]) -> T | None:
    """Read a tool's answer, which is an object or JSON text, as `shape`; None if it is another."""
    try:
        if isinstance(content, str):
            return msgspec.json.decode(content, type=shape, strict=False)
        return msgspec.convert(content, shape, strict=False)
    except msgspec.MsgspecError:
        return None


def refusal(content: object) -> str:
    """Return a tool's own words for why it did not do what was asked, on one line."""
    problem = parse(content, _Refusal)
    words = problem and (problem.detail or problem.error or problem.message or problem.title)
    text = " ".join(str(words or (content if isinstance(content, str) else "")).split())
    return text[:300].rstrip(" .")


def shown_ticket(conversation: Conversation) -> str | None:
    """Return the one ticket that was shown last: what "it" means.

    Whatever names another ticket afterwards makes "it" unclear, and then there is none.
    """
    shown: str | None = None
    previous: Step | None = None
    for step in conversation.steps:
        if isinstance(step, ToolResult):
            shown = _shown_by(step, shown)
        # The answer after a result only repeats it, perhaps with other numbers in its text.
        elif step.by_user or not isinstance(previous, ToolResult):
            shown = _shown_in(step, shown)
        previous = step
    return shown


def _shown_by(result: ToolResult, shown: str | None) -> str | None:
    if result.tool in _ABOUT_NO_TICKET:
        return shown
    if not result.succeeded:
        return shown if result.arguments.get("ticket_id") == shown else None
    if ticket := parse(result.content, Ticket):
        return str(ticket.number)
    page = parse(result.content, TicketList)
    return str(page.data[0].number) if page and page.total == len(page.data) == 1 else None


def _shown_in(said: Said, shown: str | None) -> str | None:
    if not said.by_user and (found := _ABOUT_ONE_TICKET.match(said.text)):
        return found[1]
    if shown and said.text == deleted(shown):
        return None
    return None if set(mentions(read(said.text).words)) - {shown} else shown
