"""Threads: starting, finding, changing and removing conversations, and reading them."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, InvalidError, NotFoundError
from hexdesk.core.model.chat import CUSTOMER_ID, Message, Thread, ThreadStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Customer, Member, Person
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, may, require, sees_thread
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.organizations import check_agent, default_agent
from hexdesk.core.use_cases.outbox import Outbox

MOST_METADATA_BYTES = 16_384
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]


class NewThread(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a thread is made from; without an agent the organization's default one answers."""

    agent_id: UUID | None = None
    title: Title | None = None
    metadata: dict[str, Any] | None = None


class ThreadChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of a thread; what is absent stays."""

    title: Title | None | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    status: Literal["active", "closed"] | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class StartThread:
    """Begin a conversation with an agent."""

    storage: Storage
    clock: Clock
    outbox: Outbox

    async def __call__(self, who: Person, wish: NewThread) -> Thread:
        """Return the thread; raise `InvalidError` for an agent that cannot answer."""
        require(who, Right.CHAT)
        metadata = wish.metadata or {}
        _check(metadata)
        if isinstance(who, Customer):
            metadata = metadata | {CUSTOMER_ID: who.customer_id}
        now = self.clock.now()
        async with self.storage.transaction(who) as tx:
            thread = Thread(
                id=self.clock.new_id(),
                organization_id=who.organization_id,
                agent_id=wish.agent_id or (await self._default(tx)),
                user_id=who.user_id if isinstance(who, Member) else None,
                title=wish.title,
                metadata=metadata,
                created_at=now,
                updated_at=now,
            )
            if wish.agent_id:
                await check_agent(tx, wish.agent_id)
            await tx.threads.add(thread)
            await self.outbox.tell(tx, who, EventType.THREAD_CREATED, thread)
        return thread

    async def _default(self, tx: Transaction) -> UUID:
        return (await default_agent(tx, await tx.organizations.get())).id


@dataclass(frozen=True, slots=True, kw_only=True)
class ListThreads:
    """Show the conversations that exist for the caller."""

    storage: Storage

    async def __call__(self, who: Member, part: Slice) -> Page[Thread]:
        """Return a part of them: a `user`'s own and customers', all for an `admin`."""
        require(who, Right.CHAT)
        check_sort(Thread, part.sort)
        own_of = None if may(who, Right.SEE_ALL_THREADS) else who.user_id
        async with self.storage.transaction(who) as tx:
            return await tx.threads.page(part, own_of=own_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetThread:
    """Show one conversation."""

    storage: Storage

    async def __call__(self, who: Person, thread_id: UUID) -> Thread:
        """Return the thread."""
        async with self.storage.transaction(who) as tx:
            return await visible_thread(tx, who, thread_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeThread:
    """Change a conversation's title or metadata, close or reopen it."""

    storage: Storage
    clock: Clock
    outbox: Outbox

    async def __call__(self, who: Person, thread_id: UUID, change: ThreadChange) -> Thread:
        """Return the thread; raise `ConflictError` for one to be activated that a person has."""
        fields = given(change)
        _check(fields.get("metadata", {}))
        async with self.storage.transaction(who) as tx:
            before = await visible_thread(tx, who, thread_id, lock=True)
            if "metadata" in fields:
                # Whose a customer's thread is, no request can change.
                fields["metadata"] = fields["metadata"] | _customer_of(before)
            if "status" in fields:
                fields |= await _status(tx, before, fields["status"])
            after = replace(before, **fields)
            if after == before:
                return before
            after = replace(after, updated_at=self.clock.now())
            await tx.threads.update(after)
            await self.outbox.tell(tx, who, _what_changed(before, after), after)
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveThread:
    """Remove a conversation with all that was said."""

    storage: Storage
    auditor: Auditor
    outbox: Outbox

    async def __call__(self, who: Person, thread_id: UUID) -> None:
        """Remove it; tickets that came out of it stay."""
        async with self.storage.transaction(who) as tx:
            thread = await visible_thread(tx, who, thread_id)
            await tx.threads.remove(thread_id)
            await self.auditor.note(tx, who, "thread.removed", target=("thread", thread_id))
            await self.outbox.tell(tx, who, EventType.THREAD_DELETED, thread)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMessages:
    """Show what was said in a conversation."""

    storage: Storage

    async def __call__(self, who: Person, thread_id: UUID, part: Slice) -> Page[Message]:
        """Return a part of the messages."""
        check_sort(Message, part.sort)
        async with self.storage.transaction(who) as tx:
            await visible_thread(tx, who, thread_id)
            return await tx.messages.page(thread_id, part)


async def visible_thread(
    tx: Transaction, who: Person, thread_id: UUID, *, lock: bool = False
) -> Thread:
    """Return the thread if it exists for the principal, else raise `NotFoundError`."""
    require(who, Right.CHAT)
    thread = await tx.threads.get(thread_id, lock=lock)
    if not sees_thread(who, thread):
        raise NotFoundError(f"no thread {thread_id}")
    return thread


async def open_status(tx: Transaction, thread: Thread) -> ThreadStatus:
    """Return the status of a thread that is open and no person's."""
    waits = await tx.approvals.has_pending(thread.id)
    return ThreadStatus.WAITING_APPROVAL if waits else ThreadStatus.ACTIVE


def _what_changed(before: Thread, after: Thread) -> EventType:
    is_closed = after.status is ThreadStatus.CLOSED is not before.status
    return EventType.THREAD_CLOSED if is_closed else EventType.THREAD_UPDATED


async def _status(tx: Transaction, thread: Thread, wanted: str) -> dict[str, Any]:
    if wanted == ThreadStatus.CLOSED:
        return {"status": ThreadStatus.CLOSED, "held_by_id": None}
    if thread.status is ThreadStatus.HUMAN:
        raise ConflictError("a person has this conversation: resume it, or close it")
    return {"status": await open_status(tx, thread)}


def _customer_of(thread: Thread) -> dict[str, Any]:
    return {CUSTOMER_ID: thread.metadata[CUSTOMER_ID]} if thread.is_customers else {}


def _check(metadata: dict[str, Any]) -> None:
    if len(msgspec.json.encode(metadata)) > MOST_METADATA_BYTES:
        message = f"must not be larger than {MOST_METADATA_BYTES} bytes"
        raise InvalidError(message, pointer="/metadata")
