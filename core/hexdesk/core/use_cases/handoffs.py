"""Handing conversations over: from the agent to a person, and back."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.channels import OutboundKind
from hexdesk.core.model.chat import Content, Message, MessageRole, Thread, ThreadStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.moments import next_moment
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.threads import open_status, visible_thread

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=r"[^\s\x1c-\x1f\x85]")]


class Handoff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a conversation changes hands."""

    reason: Reason | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person of the team says in the agent's place."""

    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffThread:
    """Take a conversation from the agent, which is silent from then on."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    outbox: Outbox

    async def __call__(self, who: Member, thread_id: UUID, handoff: Handoff) -> Thread:
        """Return the thread, which waits for whoever replies first; one that a person has stays.

        An answer that is being made meanwhile is not stored.
        """
        async with self.storage.transaction(who) as tx:
            thread = await visible_thread(tx, who, thread_id, lock=True)
            if thread.status is ThreadStatus.HUMAN:
                return thread
            now = self.clock.now()
            thread = replace(thread, status=ThreadStatus.HUMAN, held_by_id=None, updated_at=now)
            await tx.threads.update(thread)
            target, reason = ("thread", thread_id), handoff.reason
            await self.auditor.note(tx, who, "thread.handed_over", target=target, reason=reason)
            await self.outbox.tell(tx, who, EventType.THREAD_UPDATED, thread)
        return thread


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeThread:
    """Give a conversation back to the agent, which is told what was said."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    outbox: Outbox

    async def __call__(self, who: Member, thread_id: UUID, handoff: Handoff) -> Thread:
        """Return the thread; one that no person has stays as it is.

        What was decided on approvals meanwhile is carried out from now on.
        """
        async with self.storage.transaction(who) as tx:
            thread = await visible_thread(tx, who, thread_id, lock=True)
            if thread.status is not ThreadStatus.HUMAN:
                return thread
            status, now = await open_status(tx, thread), self.clock.now()
            thread = replace(thread, status=status, held_by_id=None, updated_at=now)
            await tx.threads.update(thread)
            target, reason = ("thread", thread_id), handoff.reason
            await self.auditor.note(tx, who, "thread.resumed", target=target, reason=reason)
            await self.outbox.tell(tx, who, EventType.THREAD_UPDATED, thread)
        return thread


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyInThread:
    """Say something in a conversation that a person has; the first who does so holds it."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    outbox: Outbox

    async def __call__(self, who: Member, thread_id: UUID, reply: Reply) -> Message:
        """Return the message.

        Raise `ConflictError` if the agent has the conversation, or a colleague holds it.
        """
        async with self.storage.transaction(who) as tx:
            thread = await visible_thread(tx, who, thread_id, lock=True)
            if thread.status is not ThreadStatus.HUMAN:
                raise ConflictError("the agent has this conversation: hand it off first")
            if thread.held_by_id not in {None, who.user_id}:
                raise ConflictError("a colleague holds this conversation")
            latest = await tx.messages.latest(thread_id, 1)
            now = self.clock.now()
            message = Message(
                id=self.clock.new_id(),
                thread_id=thread_id,
                user_id=who.user_id,
                role=MessageRole.HUMAN_AGENT,
                content=reply.content,
                created_at=next_moment(now, latest[0].created_at) if latest else now,
            )
            await tx.messages.add(message)
            held = replace(thread, held_by_id=who.user_id, updated_at=message.created_at)
            await tx.threads.update(held)
            await self.outbox.tell(tx, who, EventType.THREAD_MESSAGE, message)
            await self.outbox.say(tx, held, message, OutboundKind.REPLY)
            if thread.held_by_id is None:
                await self.auditor.note(tx, who, "thread.claimed", target=("thread", thread_id))
                await self.outbox.tell(tx, who, EventType.THREAD_UPDATED, held)
        return message
