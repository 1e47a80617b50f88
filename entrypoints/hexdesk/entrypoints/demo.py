"""The demo organization: something to look at and talk to at the first start."""

import secrets
from pathlib import Path

from hexdesk.core.desk import Desk
from hexdesk.core.model.agents import AgentChange
from hexdesk.core.model.identity import Registration
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.model.tickets import Priority, TicketStatus
from hexdesk.core.use_cases.tickets import NewTicket
from hexdesk.entrypoints.demo_access import DemoAccess, keep_demo_access, read_demo_access

ORGANIZATION = "Acme Support (demo)"
EMAIL = "admin@demo.hexdesk.example"
TOOLS = (
    "create_ticket",
    "search_tickets",
    "get_ticket",
    "update_ticket",
    "update_ticket_status",
    "assign_ticket",
    "list_tickets",
    "get_ticket_stats",
    "delete_ticket",
    "list_integrations",
    "get_system_health",
)
TICKETS = (
    (
        NewTicket(
            title="Login fails after a password reset",
            description="The reset link says it has expired, though it came a minute ago.",
            priority=Priority.HIGH,
            category="account",
            tags=("login", "password"),
            requester_email="maya@customer.example",
        ),
        None,
    ),
    (
        NewTicket(
            title="Invoice for October shows the wrong address",
            description="We moved in September. Please send a corrected invoice.",
            category="billing",
            tags=("invoice",),
            requester_email="li@customer.example",
        ),
        TicketStatus.IN_PROGRESS,
    ),
    (
        NewTicket(
            title="CSV export drops the header row",
            description="Since the last update the first line of every export is missing.",
            category="bug",
            tags=("export",),
            requester_email="sam@customer.example",
        ),
        None,
    ),
    (
        NewTicket(
            title="How do I add a colleague?",
            description="There is no invite button on my page.",
            priority=Priority.LOW,
            category="how-to",
            requester_email="noor@customer.example",
        ),
        TicketStatus.RESOLVED,
    ),
)


async def ensure_demo(desk: Desk, data_dir: Path) -> tuple[DemoAccess, bool] | None:
    """Return how to sign in to the demo organization, and whether it was made just now.

    None if there is one and its password is kept nowhere.
    """
    known = read_demo_access(data_dir)
    if await desk.ports.storage.directory.user_by_email(EMAIL):
        return (known, False) if known else None
    access = known or DemoAccess(email=EMAIL, password=secrets.token_urlsafe(9))
    # Kept first: a start that is killed in between must not leave a password nobody knows.
    keep_demo_access(access, data_dir)
    await _furnish(desk, access)
    return access, True


async def _furnish(desk: Desk, access: DemoAccess) -> None:
    """Found the organization, and put a few tickets on its desk."""
    tokens = await desk.identity.register(
        Registration(
            organization_name=ORGANIZATION,
            email=access.email,
            password=access.password,
            full_name="Demo Admin",
        ),
        Origin(),
    )
    member = Member(
        organization_id=tokens.organization.id, user_id=tokens.user.id, role=tokens.user.role
    )
    agents = await desk.agents.list(member, Slice())
    await desk.agents.change(member, agents.data[0].id, AgentChange(tools_enabled=TOOLS))
    for wish, status in TICKETS:
        ticket = await desk.tickets.create(member, wish)
        if status:
            await desk.tickets.move(member, ticket.id, status)
