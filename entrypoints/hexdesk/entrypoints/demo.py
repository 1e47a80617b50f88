"""The demo organization: something to look at and talk to at the first start."""

import os
import secrets
from pathlib import Path

import msgspec

from hexdesk.core.desk import Desk
from hexdesk.core.model.identity import Registration
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.model.tickets import Priority, TicketStatus
from hexdesk.core.use_cases.tickets import NewTicket

ORGANIZATION = "Acme Support (demo)"
EMAIL = "admin@demo.hexdesk.example"
TICKETS = (
    (
        NewTicket(
            title="Cannot log in after password reset",
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


class DemoAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign in to the demo organization."""

    email: str
    password: str


def read_demo_access(data_dir: Path) -> DemoAccess | None:
    """Return what was kept at the first start, or None if there is no demo organization."""
    path = data_dir / "demo.json"
    return msgspec.json.decode(path.read_bytes(), type=DemoAccess) if path.is_file() else None


async def ensure_demo(desk: Desk, data_dir: Path) -> tuple[DemoAccess, bool]:
    """Return how to sign in to the demo organization, and whether it was made just now."""
    known = read_demo_access(data_dir)
    if known:
        return known, False
    access = DemoAccess(email=EMAIL, password=secrets.token_urlsafe(9))
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
    for wish, status in TICKETS:
        ticket = await desk.tickets.create(member, wish)
        if status:
            await desk.tickets.move(member, ticket.id, status)
    _keep(access, data_dir)
    return access, True


def _keep(access: DemoAccess, data_dir: Path) -> None:
    handle = os.open(data_dir / "demo.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(access))
