"""A tool server as small as one can be: the desk's thirteen tools over two tickets in memory."""

from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
DELETES = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)

Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["open", "in_progress", "waiting", "resolved", "closed"]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Limit = Annotated[int, Field(ge=1, le=200)]


class Ticket(BaseModel):
    """A ticket as the desk answers it."""

    id: str
    number: int
    title: str
    description: str = ""
    status: Status = "open"
    priority: Priority = "normal"
    category: str | None = None
    tags: list[str] = []
    assignee_id: str | None = None
    requester_email: str | None = None
    source: str = "api"
    version: int = 1
    created_at: str = "2026-01-01T08:00:00Z"
    updated_at: str = "2026-01-01T08:00:00Z"


class Page(BaseModel):
    """A list as the desk answers it."""

    data: list[Ticket]
    total: int
    limit: int = 50
    offset: int = 0


TICKETS = (
    Ticket(id="0199", number=1, title="Login fails", description="The login page stays white."),
    Ticket(id="0200", number=2, title="Reset of the login password", status="resolved"),
)


def bare_tool_server() -> MCPServer:
    """Build the server."""
    server = MCPServer("bare", version="0.1", subscriptions=False, log_level="WARNING")
    for tool in (list_tickets, search_tickets, get_ticket, get_ticket_stats):
        server.add_tool(tool, annotations=READS)
    for tool in (list_integrations, get_active_integrations, get_system_health):
        server.add_tool(tool, annotations=READS)
    for tool in (create_ticket, create_ticket_with_ai, update_ticket):
        server.add_tool(tool, annotations=WRITES)
    for tool in (update_ticket_status, assign_ticket):
        server.add_tool(tool, annotations=WRITES)
    server.add_tool(delete_ticket, annotations=DELETES)
    return server


async def search_tickets(
    query: str, status: Status | None = None, limit: Limit = 50, offset: int = 0
) -> Page:
    """Search tickets by words in title, description and comments."""
    found = [ticket for ticket in TICKETS if query in ticket.title.lower()]
    return Page(data=found, total=len(found), limit=limit, offset=offset)


async def list_tickets(status: Status | None = None, limit: Limit = 50, offset: int = 0) -> Page:
    """List tickets, newest first."""
    return Page(data=list(TICKETS), total=len(TICKETS), limit=limit, offset=offset)


async def get_ticket(ticket_id: str) -> Ticket:
    """Return one ticket by its id or number."""
    return TICKETS[0]


async def get_ticket_stats() -> dict[str, int]:
    """Count the tickets."""
    return {"total": len(TICKETS)}


async def list_integrations() -> list[str]:
    """List the integrations."""
    return []


async def get_active_integrations() -> list[str]:
    """List the integrations that are active."""
    return []


async def get_system_health() -> dict[str, str]:
    """Say how the system is."""
    return {"status": "ok"}


async def create_ticket(
    title: Title,
    description: str = "",
    priority: Priority = "normal",
    category: str | None = None,
    tags: list[str] | None = None,
) -> Ticket:
    """Create a ticket."""
    return Ticket(id="0201", number=3, title=title, description=description, priority=priority)


async def create_ticket_with_ai(text: str) -> Ticket:
    """Create a ticket from a customer's own words."""
    return Ticket(id="0201", number=3, title=text[:200])


async def update_ticket(
    ticket_id: str,
    title: Title | None = None,
    description: str | None = None,
    priority: Priority | None = None,
    category: str | None = None,
) -> Ticket:
    """Change what is given of a ticket."""
    return TICKETS[0]


async def update_ticket_status(ticket_id: str, status: Status) -> Ticket:
    """Move a ticket to another status."""
    return TICKETS[0].model_copy(update={"status": status})


async def assign_ticket(ticket_id: str, assignee_id: str | None = None) -> Ticket:
    """Give a ticket to a member, or to nobody."""
    return TICKETS[0].model_copy(update={"assignee_id": assignee_id})


async def delete_ticket(ticket_id: str) -> dict[str, Any]:
    """Delete a ticket for good."""
    return {"deleted": ticket_id}
