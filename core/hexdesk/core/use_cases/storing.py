"""Storing an answer with all that belongs to it, unless a person has the conversation."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError, ThreadTakenOverError
from hexdesk.core.model.agents import AgentAction, ToolUse, ToolUseStatus
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.channels import OutboundKind
from hexdesk.core.model.chat import (
    Message,
    Run,
    RunEvent,
    RunFailure,
    RunStatus,
    Thread,
    ThreadStatus,
)
from hexdesk.core.model.principals import AgentRun, System
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.words import TAKEN_OVER
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.run_log import (
    APPROVAL_REQUIRED,
    RUN_COMPLETED,
    RUN_FAILED,
    TEXT_DELTA,
)

Use = TypeVar("Use", ToolUse, AgentAction)
SAID = frozenset({TEXT_DELTA, APPROVAL_REQUIRED, RUN_COMPLETED})
THREAD_TAKEN_OVER = RunFailure(reason="thread-taken-over", detail=TAKEN_OVER)


class UnstoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given and waits to be stored; as JSON, since its events' data is.

    `held` are the calls of it that wait for a person. `handover` says why the agent gives the
    conversation to one, if it does.
    """

    organization_id: UUID
    run: Run
    message: Message | None
    actions: tuple[AgentAction, ...]
    held: tuple[HeldCall, ...] = ()
    handover: str | None = None
    events: tuple[RunEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAnswer:
    """Stores an answer in the transaction that ends its run."""

    auditor: Auditor
    outbox: Outbox

    async def __call__(self, tx: Transaction, answer: UnstoredAnswer) -> bool:
        """Store it; False, and nothing stored, if the run is somebody else's by now.

        Raise `ThreadTakenOverError`, and store nothing, if a person has the conversation. Whoever
        takes it over waits for this transaction, or this one for that: never are both stored.
        """
        try:
            thread = await tx.threads.get(answer.run.thread_id, lock=True)
        except NotFoundError:
            return False
        if thread.status is ThreadStatus.HUMAN:
            raise ThreadTakenOverError(TAKEN_OVER)
        if not await self.silently(tx, answer):
            return False
        if answer.message:
            await tx.messages.add(answer.message)
            who = System(organization_id=answer.organization_id)
            await self.outbox.tell(tx, who, EventType.THREAD_MESSAGE, answer.message)
            await self.outbox.say(tx, thread, answer.message, kind_of(answer), answer.held)
        if answer.held or answer.handover is not None:
            await self._call_people(tx, thread, answer)
        return True

    async def silently(self, tx: Transaction, answer: UnstoredAnswer) -> bool:
        """Store the run's end and what it did, but nothing that it said."""
        if not await tx.runs.finish(answer.run):
            return False
        if answer.actions:
            await tx.agent_log.add_actions(answer.actions)
        return True

    async def _call_people(self, tx: Transaction, thread: Thread, answer: UnstoredAnswer) -> None:
        run, who = answer.run, as_agent(answer.run)
        status = thread.status
        for held in answer.held:
            await tx.approvals.add(held)
            await self.auditor.note(
                tx,
                who,
                "approval.requested",
                target=("approval", held.id),
                tool=held.tool,
                thread_id=str(thread.id),
            )
            if status is ThreadStatus.ACTIVE:
                status = ThreadStatus.WAITING_APPROVAL
        if answer.handover is not None:
            status = ThreadStatus.HUMAN
            target, reason = ("thread", thread.id), answer.handover
            await self.auditor.note(tx, who, "thread.handed_over", target=target, reason=reason)
        if status is not thread.status:
            moment = run.finished_at or run.created_at
            thread = replace(thread, status=status, updated_at=moment)
            await tx.threads.update(thread)
            await self.outbox.tell(tx, who, EventType.THREAD_UPDATED, thread)


def kind_of(answer: UnstoredAnswer) -> OutboundKind:
    """Tell an answer from a notice that somebody else goes on, or must decide first."""
    is_notice = bool(answer.held) or answer.handover is not None
    return OutboundKind.NOTICE if is_notice else OutboundKind.ANSWER


def as_agent(run: Run) -> AgentRun:
    """Return the agent that does a run, as what it is in records; nothing is allowed by it."""
    return AgentRun(
        organization_id=run.principal.organization_id,
        agent_id=run.agent_id,
        run_id=run.id,
        acts_for=run.principal,
        thread_id=run.thread_id,
    )


def dropped(answer: UnstoredAnswer) -> UnstoredAnswer:
    """Return what remains of an answer when a person has the conversation: what was done."""
    response = answer.run.response
    response = response and replace(
        response,
        message=None,
        approvals=(),
        degraded=False,
        degraded_reason=None,
        tools_used=tuple(map(_unasked, response.tools_used)),
    )
    last = answer.events[-1:]
    events = [*filter(is_no_word, answer.events), *(taken_over(one.id) for one in last)]
    return replace(
        answer,
        run=replace(answer.run, status=RunStatus.FAILED, response=response),
        message=None,
        actions=tuple(map(_unasked, answer.actions)),
        held=(),
        handover=None,
        events=tuple(events),
    )


def taken_over(event_id: int) -> RunEvent:
    """Return the event that ends the stream of a run whose conversation was taken over."""
    data = msgspec.Raw(msgspec.json.encode(THREAD_TAKEN_OVER))
    return RunEvent(id=event_id, type=RUN_FAILED, data=data)


def is_no_word(event: RunEvent) -> bool:
    """Tell whether an event tells what was done, not what was said."""
    return event.type not in SAID


def _unasked(use: Use) -> Use:
    if use.status is ToolUseStatus.AWAITING_APPROVAL:
        return replace(use, status=ToolUseStatus.DENIED, error=TAKEN_OVER)
    return use
