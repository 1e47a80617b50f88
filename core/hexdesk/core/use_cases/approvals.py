"""Approvals: showing what waits for a person, and deciding on it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.approvals import (
    Approval,
    ApprovalFilter,
    ApprovalStatus,
    Decision,
    HeldCall,
)
from hexdesk.core.model.chat import Thread, ThreadStatus
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Member, Principal
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, may, require, sees_thread
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.resuming import ResumeRun
from hexdesk.core.use_cases.send_message import AnsweredBeforeError
from hexdesk.core.use_cases.threads import open_status

Deciding = asyncio.Task[Approval]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApprovals:
    """Show the calls that wait, or waited, for a person."""

    storage: Storage

    async def __call__(self, who: Member, wanted: ApprovalFilter, part: Slice) -> Page[Approval]:
        """Return a part of them: of the threads that the caller sees."""
        require(who, Right.READ_APPROVALS)
        check_sort(Approval, part.sort)
        own_of = None if may(who, Right.SEE_ALL_THREADS) else who.user_id
        async with self.storage.transaction(who) as tx:
            return await tx.approvals.page(wanted, part, own_of=own_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetApproval:
    """Show one approval."""

    storage: Storage

    async def __call__(self, who: Member, approval_id: UUID) -> Approval:
        """Return the approval; one of a thread that the caller does not see is not found."""
        require(who, Right.READ_APPROVALS)
        async with self.storage.transaction(who) as tx:
            held = await tx.approvals.get(approval_id)
            if not sees_thread(who, await tx.threads.get(held.thread_id)):
                raise NotFoundError(f"no approval {approval_id}")
            return held.shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideApproval:
    """Allow or refuse the exact call that waits, once, and have the agent go on."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    outbox: Outbox
    resume_run: ResumeRun
    settings: DeskSettings
    _deciding: set[Deciding] = field(default_factory=set[Deciding])

    async def __call__(
        self,
        who: Member,
        approval_id: UUID,
        decision: Decision,
        *,
        key: IdempotencyKey | None = None,
    ) -> Approval:
        """Return the approval, with the run that goes on if that could begin.

        Else it begins once the thread is free and no person has it, in whichever process: a
        decision is never lost. Raise `ConflictError` if somebody has decided, or nobody did in
        time, and `AnsweredBeforeError` if the key has an answer.
        """
        require(who, Right.DECIDE_APPROVALS)
        deciding = asyncio.create_task(self._decide(who, approval_id, decision, key))
        self._deciding.add(deciding)
        deciding.add_done_callback(self._deciding.discard)
        # Whoever decided may hang up: the run that has begun must be done.
        return await asyncio.shield(deciding)

    async def _decide(
        self, who: Member, approval_id: UUID, decision: Decision, key: IdempotencyKey | None
    ) -> Approval:
        with self.resume_run.room() as has_room:
            async with self.storage.transaction(who) as tx:
                held = self._decided(who, await tx.approvals.get(approval_id), decision)
                found = await tx.threads.with_agent(held.thread_id)
                await self._keep(tx, key, held)
                await self._settle(tx, who, held)
                thread = await settle_thread(tx, who, found.thread, self.outbox)
                found = replace(found, thread=thread)
                task = await self.resume_run.begun(tx, found, held) if has_room else None
            if task is None:
                return held.shown()
            self.resume_run.run_desk.start(task)
            return replace(held.shown(), resumed_run_id=task.run.id)

    async def _settle(self, tx: Transaction, who: Member, held: HeldCall) -> None:
        is_late = held.expires_at <= self.clock.now()
        if is_late or not await tx.approvals.settle(held):
            raise ConflictError("somebody has decided on this already, or nobody did in time")
        is_approved = held.status is ApprovalStatus.APPROVED
        await self.auditor.note(
            tx,
            who,
            "approval.approved" if is_approved else "approval.denied",
            target=("approval", held.id),
            tool=held.tool,
            thread_id=str(held.thread_id),
            note=held.note,
        )

    def _decided(self, who: Member, held: HeldCall, decision: Decision) -> HeldCall:
        return replace(
            held,
            status=ApprovalStatus.APPROVED if decision.approve else ApprovalStatus.DENIED,
            decided_by_id=who.user_id,
            decided_at=self.clock.now(),
            note=decision.note,
        )

    async def _keep(self, tx: Transaction, key: IdempotencyKey | None, held: HeldCall) -> None:
        if key:
            now = self.clock.now()
            answer = KeptAnswer(body_hash=key.body_hash, run_id=held.run_id, created_at=now)
            since = now - timedelta(seconds=self.settings.idempotency_seconds)
            if not await tx.idempotency_keys.keep(key, answer, since):
                raise AnsweredBeforeError


async def settle_thread(tx: Transaction, who: Principal, thread: Thread, outbox: Outbox) -> Thread:
    """Return the thread, which waits no more once nothing in it does."""
    if thread.status is not ThreadStatus.WAITING_APPROVAL:
        return thread
    after = replace(thread, status=await open_status(tx, thread))
    if after != thread:
        await tx.threads.update(after)
        await outbox.tell(tx, who, EventType.THREAD_UPDATED, after)
    return after
