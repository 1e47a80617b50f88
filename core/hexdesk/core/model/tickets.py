"""Tickets: what customers want done, and how far it is."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

Title = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]", examples=["Login fails"])
]
Description = Annotated[str, Meta(max_length=100_000, pattern=r"^$|[^\s\x1c-\x1f\x85]")]
Category = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"[^\s\x1c-\x1f\x85]")]
Tag = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"[^\s\x1c-\x1f\x85]")]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=50)]
CommentBody = Annotated[str, Meta(min_length=1, max_length=32_000, pattern=r"[^\s\x1c-\x1f\x85]")]


class TicketStatus(StrEnum):
    """How far a ticket is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon a ticket should be looked at."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One matter to be dealt with; `number` counts within the organization and is never reused."""

    id: UUID
    number: int
    organization_id: UUID
    title: str
    description: str = ""
    status: TicketStatus = TicketStatus.OPEN
    priority: Priority = Priority.NORMAL
    category: str | None = None
    tags: tuple[str, ...] = ()
    assignee_id: UUID | None = None
    requester_email: str | None = None
    created_by_id: UUID | None = None
    source: str = "api"
    thread_id: UUID | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None


class TicketDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a model made of a customer's own words."""

    title: Title
    description: Description = ""
    priority: Priority = Priority.NORMAL
    category: Category | None = None
    tags: Tags = ()


class AuthorType(StrEnum):
    """Who wrote a comment."""

    USER = "user"
    AGENT = "agent"
    CUSTOMER = "customer"


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A remark on a ticket; an internal one is for the staff only."""

    id: UUID
    ticket_id: UUID
    author_id: UUID | None
    author_type: AuthorType
    body: str
    internal: bool = False
    created_at: datetime


class TicketFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets are asked for; what is None does not matter.

    `query` is full text over title, description and comments, ranked.
    """

    query: str | None = None
    status: TicketStatus | None = None
    priority: Priority | None = None
    category: str | None = None
    tag: str | None = None
    assignee_id: UUID | None = None
    requester_email: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class TicketStats(msgspec.Struct, frozen=True, kw_only=True):
    """An organization's tickets in numbers; days are UTC days."""

    total: int
    by_status: dict[TicketStatus, int]
    by_priority: dict[Priority, int]
    unassigned: int
    created_today: int
    resolved_today: int
    average_resolution_seconds: float | None
