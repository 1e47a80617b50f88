"""Sending a message: stored first, then answered by a run of the desk's own."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, NotFoundError
from hexdesk.core.model.chat import (
    Content,
    Message,
    MessageRole,
    Run,
    RunStatus,
    ThreadStatus,
)
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.rights import Right, require, sees_thread
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.attachments import MOST_ATTACHMENTS, check_attachments
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_in_progress import Assignment
from hexdesk.core.use_cases.threads import open_status


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said, and the files that come with it."""

    content: Content
    attachments: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=MOST_ATTACHMENTS)] = ()


class ChannelMessage(NewMessage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a channel brings: the desk itself has fetched its files, so nobody need see them.

    One that is not `is_answered` is only stored.
    """

    is_answered: bool = True


class AnsweredBeforeError(Exception):
    """The idempotency key has an answer already: nothing was done this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message to be sent: `key` makes it one message however often it comes.

    `is_followed` says that the sender wants the answer as it is made.
    """

    who: Person
    thread_id: UUID
    content: str
    attachments: tuple[UUID, ...]
    key: IdempotencyKey | None
    is_followed: bool
    checks_attachments: bool
    is_answered: bool
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Store a member's or customer's message and set the run going that answers it.

    Messages to one thread are answered one after the other: within a process in the order they
    came, across processes as the thread gets free. While a person has the thread, the run is over
    at once, and no model is asked.
    """

    storage: Storage
    clock: Clock
    assignments: Assignments
    run_desk: RunDesk
    outbox: Outbox
    settings: DeskSettings
    _turns: WeakValueDictionary[UUID, asyncio.Lock] = field(
        default_factory=WeakValueDictionary[UUID, asyncio.Lock]
    )
    _accepting: set[asyncio.Task[Run]] = field(default_factory=set[asyncio.Task[Run]])

    async def __call__(
        self,
        who: Person,
        thread_id: UUID,
        said: str | NewMessage,
        *,
        key: IdempotencyKey | None = None,
        is_followed: bool = True,
    ) -> Run:
        """Return the run, which is on its way, or over where a person has the thread.

        Raise `NotFoundError` for a thread that does not exist for the caller, `BusyError` if the
        thread was not free in time, `UnavailableError` if storage is gone or this process has as
        many runs as it takes: then nothing was stored. Raise `InvalidError` for an attachment
        that does not exist for the caller, `AnsweredBeforeError` if the key has an answer.
        """
        require(who, Right.CHAT)
        message = said if isinstance(said, NewMessage) else NewMessage(content=said)
        order = Order(
            who=who,
            thread_id=thread_id,
            content=message.content,
            attachments=tuple(dict.fromkeys(message.attachments)),
            key=key,
            is_followed=is_followed,
            checks_attachments=not isinstance(message, ChannelMessage),
            is_answered=not isinstance(message, ChannelMessage) or message.is_answered,
            started_at=self.clock.elapsed(),
        )
        turn = self._turns.setdefault(thread_id, asyncio.Lock())
        await self._within(self._seconds_left(order), turn.acquire())
        accepting = asyncio.create_task(self._start(order))
        self._accepting.add(accepting)
        accepting.add_done_callback(partial(self._accepted, turn))
        # A client that hangs up while its message is stored must not leave it unanswered.
        return await asyncio.shield(accepting)

    def _accepted(self, turn: asyncio.Lock, accepting: asyncio.Task[Run]) -> None:
        self._accepting.discard(accepting)
        turn.release()

    async def _start(self, order: Order) -> Run:
        while True:
            with self.run_desk.room():
                task = await self._accept(order)
                if task:
                    if task.run.status is RunStatus.RUNNING:
                        self.run_desk.start(task)
                    return task.run
            await self._within(
                self._seconds_left(order),
                self.run_desk.until_free(order.thread_id, order.who.organization_id),
            )

    async def _accept(self, order: Order) -> Assignment | None:
        """Store the message with its run; None, and nothing stored, while another is running."""
        async with self.storage.transaction(order.who) as tx:
            found = await tx.threads.with_agent(order.thread_id)
            if not sees_thread(order.who, found.thread):
                raise NotFoundError(f"no thread {order.thread_id}")
            if order.checks_attachments:
                await check_attachments(tx, order.who, order.attachments)
            message = self._message(order)
            if found.thread.status is ThreadStatus.HUMAN or not order.is_answered:
                task = await self.assignments.unanswered(tx, order.who, found, message)
            else:
                task = await self.assignments.new(tx, order.who, found, message, order.started_at)
            if task is not None:
                await self._store(tx, order, task)
        return task and replace(task, is_followed=order.is_followed)

    async def _store(self, tx: Transaction, order: Order, task: Assignment) -> None:
        thread, message = task.thread, task.user_message
        await self._keep(tx, order, task.run)
        await tx.messages.add(message)
        await tx.event_log.add(task.run.id, task.seen)
        is_closed = thread.status is ThreadStatus.CLOSED
        status = await open_status(tx, thread) if is_closed else thread.status
        after = replace(thread, status=status, updated_at=message.created_at)
        await tx.threads.update(after)
        if is_closed:
            await self.outbox.tell(tx, order.who, EventType.THREAD_UPDATED, after)
        await self.outbox.tell(tx, order.who, EventType.THREAD_MESSAGE, message)

    async def _keep(self, tx: Transaction, order: Order, run: Run) -> None:
        if order.key:
            now = self.clock.now()
            answer = KeptAnswer(body_hash=order.key.body_hash, run_id=run.id, created_at=now)
            since = now - timedelta(seconds=self.settings.idempotency_seconds)
            if not await tx.idempotency_keys.keep(order.key, answer, since):
                raise AnsweredBeforeError

    def _message(self, order: Order) -> Message:
        return Message(
            id=self.clock.new_id(),
            thread_id=order.thread_id,
            run_id=self.clock.new_id(),
            user_id=order.who.user_id if isinstance(order.who, Member) else None,
            role=MessageRole.USER,
            content=order.content,
            attachments=order.attachments,
            created_at=self.clock.now(),
        )

    def _seconds_left(self, order: Order) -> float:
        spent = self.clock.elapsed() - order.started_at
        return max(0.0, self.settings.thread_wait_seconds - spent)

    async def _within(self, seconds: float, work: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(seconds):
                await work
        except TimeoutError as error:
            raise BusyError("the thread is busy with earlier messages: try again") from error
