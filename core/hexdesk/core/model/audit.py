"""The audit: what was done and refused, by whom."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class ActorType(StrEnum):
    """What kind of actor it was."""

    USER = "user"
    API_KEY = "api_key"
    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done or refused; never changed, never removed."""

    id: UUID
    organization_id: UUID
    actor_type: ActorType
    actor_id: UUID | None
    action: str
    target_type: str | None
    target_id: UUID | None
    outcome: Outcome
    ip: str | None
    request_id: str | None
    data: dict[str, Any]
    created_at: datetime


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for; what is None does not matter."""

    action: str | None = None
    actor_id: UUID | None = None
    target_id: UUID | None = None
    outcome: Outcome | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class FailedSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A failed sign-in that belongs to no organization; the e-mail is kept as a hash only."""

    id: UUID
    email_hash: bytes
    ip: str | None
    request_id: str | None
    created_at: datetime
