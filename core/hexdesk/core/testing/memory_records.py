"""What `MemoryStorage` keeps: one set of records per organization, and transactions over it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET, Struct
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, InvalidError, NotFoundError, StorageUnavailableError
from hexdesk.core.model.agents import Agent, AgentAction, AgentHistory
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.attached_tools import AttachedTool
from hexdesk.core.model.audit import AuditEvent, FailedSignIn
from hexdesk.core.model.chat import Message, Run, RunEvent, Thread
from hexdesk.core.model.conversations import (
    ChannelConversation,
    ChannelDelivery,
    KeptConnection,
    KeptInbound,
)
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File
from hexdesk.core.model.idempotency import KeptAnswer
from hexdesk.core.model.identity import ApiKey, Organization, RefreshToken, Session, User
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.knowledge import Passage, PassageVector
from hexdesk.core.model.listing import MAX_TOTAL, Page, Slice
from hexdesk.core.model.tasks import Task
from hexdesk.core.model.tickets import Comment, Ticket
from hexdesk.core.model.webhooks import Delivery
from hexdesk.core.ports.clock import Clock

K = TypeVar("K")
V = TypeVar("V")
S = TypeVar("S", bound=Struct)


class Announcing(Struct, frozen=True, kw_only=True):
    """When a task is to be announced next, and how often it was without being claimed."""

    at: datetime
    count: int = 0


@dataclass(slots=True)
class Records:
    """Everything that one organization has; the values are frozen, so copies share them."""

    organization: Organization | None = None
    users: dict[UUID, User] = field(default_factory=dict[UUID, User])
    password_hashes: dict[UUID, str] = field(default_factory=dict[UUID, str])
    sessions: dict[UUID, Session] = field(default_factory=dict[UUID, Session])
    refresh_tokens: dict[UUID, RefreshToken] = field(default_factory=dict[UUID, RefreshToken])
    api_keys: dict[UUID, ApiKey] = field(default_factory=dict[UUID, ApiKey])
    key_hashes: dict[bytes, UUID] = field(default_factory=dict[bytes, UUID])
    agents: dict[UUID, Agent] = field(default_factory=dict[UUID, Agent])
    history: dict[UUID, AgentHistory] = field(default_factory=dict[UUID, AgentHistory])
    actions: dict[tuple[UUID, str], AgentAction] = field(
        default_factory=dict[tuple[UUID, str], AgentAction]
    )
    checked_at: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    threads: dict[UUID, Thread] = field(default_factory=dict[UUID, Thread])
    messages: dict[UUID, Message] = field(default_factory=dict[UUID, Message])
    runs: dict[UUID, Run] = field(default_factory=dict[UUID, Run])
    events: dict[tuple[UUID, int], RunEvent] = field(
        default_factory=dict[tuple[UUID, int], RunEvent]
    )
    approvals: dict[UUID, HeldCall] = field(default_factory=dict[UUID, HeldCall])
    tickets: dict[UUID, Ticket] = field(default_factory=dict[UUID, Ticket])
    last_number: int = 0
    comments: dict[UUID, Comment] = field(default_factory=dict[UUID, Comment])
    integrations: dict[UUID, Integration] = field(default_factory=dict[UUID, Integration])
    attached_tools: dict[UUID, AttachedTool] = field(default_factory=dict[UUID, AttachedTool])
    deliveries: dict[UUID, Delivery] = field(default_factory=dict[UUID, Delivery])
    connections: dict[UUID, KeptConnection] = field(default_factory=dict[UUID, KeptConnection])
    listeners: dict[UUID, tuple[UUID, datetime]] = field(
        default_factory=dict[UUID, tuple[UUID, datetime]]
    )
    inbounds: dict[UUID, KeptInbound] = field(default_factory=dict[UUID, KeptInbound])
    conversations: dict[UUID, ChannelConversation] = field(
        default_factory=dict[UUID, ChannelConversation]
    )
    conversation_names: dict[tuple[UUID, str], UUID] = field(
        default_factory=dict[tuple[UUID, str], UUID]
    )
    channel_deliveries: dict[UUID, ChannelDelivery] = field(
        default_factory=dict[UUID, ChannelDelivery]
    )
    audit: dict[UUID, AuditEvent] = field(default_factory=dict[UUID, AuditEvent])
    once_keys: set[str] = field(default_factory=set[str])
    answers: dict[tuple[str, ...], KeptAnswer] = field(
        default_factory=dict[tuple[str, ...], KeptAnswer]
    )
    tool_results: dict[tuple[UUID, str], bytes | None] = field(
        default_factory=dict[tuple[UUID, str], bytes | None]
    )
    files: dict[UUID, File] = field(default_factory=dict[UUID, File])
    sections: dict[UUID, tuple[Section, ...]] = field(
        default_factory=dict[UUID, tuple[Section, ...]]
    )
    agent_files: set[tuple[UUID, UUID]] = field(default_factory=set[tuple[UUID, UUID]])
    passages: dict[UUID, tuple[Passage, ...]] = field(
        default_factory=dict[UUID, tuple[Passage, ...]]
    )
    vectors: dict[UUID, tuple[str, tuple[PassageVector, ...]]] = field(
        default_factory=dict[UUID, tuple[str, tuple[PassageVector, ...]]]
    )
    called_at: dict[tuple[UUID, str], datetime] = field(
        default_factory=dict[tuple[UUID, str], datetime]
    )
    tasks: dict[UUID, Task] = field(default_factory=dict[UUID, Task])
    announcing: dict[UUID, Announcing] = field(default_factory=dict[UUID, Announcing])

    def copy(self) -> "Records":
        """Return records that can be changed without changing these."""
        return Records(**{kept.name: _copied(getattr(self, kept.name)) for kept in fields(self)})


def _copied(value: Any) -> Any:
    return value.copy() if hasattr(value, "copy") else value


@dataclass
class Installation:
    """The records of all organizations, and whose turn it is to write."""

    clock: Clock
    patience_seconds: float
    keep: Callable[[UUID, Records], Records]
    records: defaultdict[UUID, Records] = field(default_factory=lambda: defaultdict(Records))
    failed_sign_ins: list[FailedSignIn] = field(default_factory=list[FailedSignIn])
    is_down: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def reach(self) -> None:
        """Raise `StorageUnavailableError` while the storage is down."""
        if self.is_down:
            raise StorageUnavailableError("the storage cannot be reached")


class Draft:
    """What one transaction sees: what is stored and, from its first write on, a copy of that.

    Like PostgreSQL at READ COMMITTED: readers wait for nobody and see what others commit, writers
    wait for each other. So a use case that reads, decides and writes without a lock can lose here
    too.
    """

    def __init__(self, installation: Installation, organization_id: UUID) -> None:
        self.installation = installation
        self.organization_id = organization_id
        self._own: Records | None = None

    @property
    def records(self) -> Records:
        """Return the records to read from."""
        self.installation.reach()
        return self._own or self.installation.records[self.organization_id]

    async def to_write(self) -> Records:
        """Return the records to change, once no other transaction is changing any."""
        self.installation.reach()
        if self._own is None:
            # Whoever came at the same moment may go first, as with a real connection.
            await asyncio.sleep(0)
            try:
                async with asyncio.timeout(self.installation.patience_seconds):
                    await self.installation.turn.acquire()
            except TimeoutError:
                raise BusyError("another transaction has been writing for too long") from None
            self._own = self.installation.records[self.organization_id].copy()
        return self._own

    def commit(self) -> None:
        """Make what was written visible to everybody."""
        self.installation.reach()
        if self._own is not None:
            kept = self.installation.keep(self.organization_id, self._own)
            self.installation.records[self.organization_id] = kept

    def end(self) -> None:
        """Forget what was not committed and let the next one write."""
        if self._own is not None:
            self._own = None
            self.installation.turn.release()


def found(records: dict[K, V], key: K, what: str) -> V:
    """Return the record, or raise `NotFoundError`."""
    if key not in records:
        raise NotFoundError(f"no {what} {key!s}")
    return records[key]


def without(values: dict[K, S], gone: UUID, *names: str) -> dict[K, S]:
    """Return the values with None in those of the fields that name what is gone."""
    return {
        key: replace(value, **{name: None for name in names if getattr(value, name) == gone})
        for key, value in values.items()
    }


def page_of(items: Iterable[V], part: Slice) -> Page[V]:
    """Return a part of a list, sorted as `part` says."""
    return cut(in_order(items, part.sort or "-created_at"), part)


def cut(items: list[V], part: Slice) -> Page[V]:
    """Return a part of a list that is in order."""
    return Page(
        data=tuple(items[part.offset : part.offset + part.limit]),
        total=min(len(items), MAX_TOTAL),
        limit=part.limit,
        offset=part.offset,
        total_is_exact=UNSET if len(items) <= MAX_TOTAL else False,
    )


def in_order(items: Iterable[V], sort: str) -> list[V]:
    """Sort by a field, then by id in the same direction; what has no value comes last."""
    name = sort.removeprefix("-")
    by_value, by_id = attrgetter(name), attrgetter("id")
    items = list(items)
    if not all(hasattr(item, name) for item in items):
        raise InvalidError(f"cannot sort by {name!r}", pointer="/sort")

    def key(item: V) -> tuple[Any, UUID]:
        return by_value(item), by_id(item)

    known: list[V] = []
    unknown: list[V] = []
    for item in items:
        (unknown if by_value(item) is None else known).append(item)
    is_descending = sort.startswith("-")
    return [
        *sorted(known, key=key, reverse=is_descending),
        *sorted(unknown, key=by_id, reverse=is_descending),
    ]
