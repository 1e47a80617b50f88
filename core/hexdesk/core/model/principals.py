"""Who acts: members, customers, agents that act for one of them, and the desk itself."""

from datetime import datetime
from uuid import UUID

import msgspec

from hexdesk.core.model.approvals import ApprovedCall
from hexdesk.core.model.identity import Role


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from, for the audit."""

    ip: str | None = None
    request_id: str | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True, tag="member"):
    """A member of the staff, signed in or by an API key."""

    organization_id: UUID
    user_id: UUID
    role: Role
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    origin: Origin = Origin()


class Customer(msgspec.Struct, frozen=True, kw_only=True, tag="customer"):
    """Somebody who asks for support; made by a channel, never by a request's field.

    Only a verified `email` opens tickets made under it; without one a customer may only create.
    """

    organization_id: UUID
    customer_id: str
    email: str | None = None
    is_verified: bool = False
    origin: Origin = Origin()


class AgentRun(msgspec.Struct, frozen=True, kw_only=True, tag="agent_run"):
    """An agent at work for somebody; it never may more than that somebody.

    `tools` are the names it may call, `needs_approval` those that a person must allow first;
    `approved` is the one call of these that a person has allowed.
    """

    organization_id: UUID
    agent_id: UUID
    run_id: UUID
    acts_for: Member | Customer
    thread_id: UUID | None = None
    task_id: UUID | None = None
    tools: frozenset[str] = frozenset()
    needs_approval: frozenset[str] = frozenset()
    approved: ApprovedCall | None = None

    @property
    def origin(self) -> Origin:
        """Where the request of the person it acts for came from."""
        return self.acts_for.origin


class System(msgspec.Struct, frozen=True, kw_only=True, tag="system"):
    """The desk itself, at work in one organization."""

    organization_id: UUID
    origin: Origin = Origin()


Person = Member | Customer
Principal = Member | Customer | AgentRun | System


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified access token says; everything but the ids is information."""

    user_id: UUID
    organization_id: UUID
    session_id: UUID
    role: Role
    expires_at: datetime


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may do at the tool server, for a few minutes."""

    run: AgentRun
    expires_at: datetime


def person_behind(who: Principal) -> Member | Customer | None:
    """Return the person who acts, or for whom the agent acts; the desk itself is nobody."""
    match who:
        case AgentRun():
            return who.acts_for
        case System():
            return None
        case _:
            return who
