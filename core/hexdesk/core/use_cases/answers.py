"""Publishing a run's answer: in storage if it is there, else in the journal until it is."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    BusyError,
    JournalFullError,
    NotFoundError,
    UnavailableError,
)
from hexdesk.core.model.agents import AgentAction, ToolUse
from hexdesk.core.model.chat import (
    ChatResponse,
    Citation,
    DegradedReason,
    Message,
    MessageRole,
    Run,
    RunEvent,
    RunStatus,
    Usage,
)
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.moments import next_moment
from hexdesk.core.ports.agents import AnswerFinished
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.run_log import RUN_COMPLETED, RunLog, about

log = logging.getLogger("hexdesk.runs")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What has come of a run so far."""

    model: str
    tool_uses: dict[str, ToolUse] = field(default_factory=dict[str, ToolUse])
    usage: Usage = Usage()
    reason: DegradedReason | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    dropped_citations: int = 0

    def finish(self, item: AnswerFinished) -> None:
        """Take over what the runner says at the end."""
        self.model = item.model
        self.usage = item.usage
        self.reason = item.degraded_reason
        self.confidence = item.confidence


class UnstoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given and waits to be stored; as JSON, since its events' data is."""

    organization_id: UUID
    run: Run
    message: Message | None
    actions: tuple[AgentAction, ...]
    events: tuple[RunEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAnswer:
    """Store a run's answer with its tool uses, and end the run's stream with it."""

    clock: Clock
    journal: Journal
    telemetry: Telemetry
    outbox: Outbox

    async def __call__(
        self, run: Run, user_message: Message, run_log: RunLog, outcome: Outcome, started_at: float
    ) -> ChatResponse | None:
        """Return what was published: nothing if the run is somebody else's by now."""
        message = self._message(user_message, run, run_log.text, outcome)
        response = ChatResponse(
            thread_id=run.thread_id,
            run_id=run.id,
            user_message=user_message,
            message=message,
            tools_used=tuple(outcome.tool_uses.values()),
            response_time_ms=round((self.clock.elapsed() - started_at) * 1000, 1),
            degraded=outcome.reason is not None,
            degraded_reason=outcome.reason,
            model=outcome.model,
            usage=outcome.usage,
        )
        answer = UnstoredAnswer(
            organization_id=run_log.who.organization_id,
            run=replace(
                run,
                status=RunStatus.COMPLETED,
                response=response,
                steps=None,
                finished_at=self.clock.now(),
            ),
            message=message,
            actions=self._actions(run, outcome.tool_uses.values()),
            events=(),
        )
        run_log.add(RUN_COMPLETED, response)
        try:
            if not await run_log.commit(lambda tx: store(tx, answer, self.outbox)):
                return None
        except (BusyError, UnavailableError) as error:
            log.error("answer not stored", extra=about(run, reason=str(error)))
            response = await self._keep(answer, response, run_log)
        self.telemetry.answered(run.agent_id, response)
        self.telemetry.cited(len(outcome.citations), outcome.dropped_citations)
        return response

    async def _keep(
        self, answer: UnstoredAnswer, response: ChatResponse, run_log: RunLog
    ) -> ChatResponse:
        told = replace(
            response,
            stored=False,
            degraded=True,
            degraded_reason=response.degraded_reason or DegradedReason.STORAGE_UNAVAILABLE,
        )
        events = run_log.amend(told)
        entry = replace(answer, events=events, run=replace(answer.run, response=told))
        try:
            await self.journal.append(msgspec.json.encode(entry))
        except JournalFullError as error:
            log.error("answer lost", extra=about(answer.run, reason=str(error)))
        # Not before: nobody is told of an answer that a crash could still take away.
        run_log.show()
        return told

    def _message(self, asked: Message, run: Run, text: str, outcome: Outcome) -> Message | None:
        if outcome.reason is DegradedReason.AGENT_UNAVAILABLE:
            return None
        return Message(
            id=self.clock.new_id(),
            thread_id=run.thread_id,
            run_id=run.id,
            role=MessageRole.ASSISTANT,
            content=text,
            citations=outcome.citations,
            tool_calls=tuple(outcome.tool_uses.values()),
            confidence_score=outcome.confidence,
            created_at=next_moment(self.clock.now(), asked.created_at),
        )

    def _actions(self, run: Run, uses: Iterable[ToolUse]) -> tuple[AgentAction, ...]:
        person = run.principal
        return tuple(
            AgentAction(
                id=self.clock.new_id(),
                agent_id=run.agent_id,
                run_id=run.id,
                call_id=use.call_id,
                thread_id=run.thread_id,
                task_id=None,
                user_id=person.user_id if isinstance(person, Member) else None,
                tool=use.name,
                arguments=use.arguments,
                status=use.status,
                error=use.error,
                duration_ms=use.duration_ms,
                created_at=self.clock.now(),
            )
            for use in uses
        )


async def store(tx: Transaction, answer: UnstoredAnswer, outbox: Outbox) -> bool:
    """Store an answer; False, and nothing stored, if the run is somebody else's by now."""
    if not await tx.runs.finish(answer.run):
        return False
    if answer.message:
        await tx.messages.add(answer.message)
        who = System(organization_id=answer.organization_id)
        await outbox.tell(tx, who, EventType.THREAD_MESSAGE, answer.message)
    if answer.actions:
        await tx.agent_log.add_actions(answer.actions)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreAnswers:
    """Store the answers that wait in the journal, once storage is back."""

    storage: Storage
    journal: Journal
    outbox: Outbox
    _unreadable: set[str] = field(default_factory=set[str])

    async def __call__(self) -> int:
        """Return how many were stored; those that still cannot be stay where they are.

        Raise `UnavailableError` if storage is still gone.

        An answer that a customer has been given comes before whatever another process makes of
        the same run meanwhile; a run that has another answer by now keeps that one.
        """
        restored = 0
        for name, entry in await self.journal.pending():
            answer = self._read(name, entry)
            if answer is None:
                continue
            try:
                restored += await self._restore(answer)
            except BusyError:
                continue
            await self.journal.remove(name)
        return restored

    def _read(self, name: str, entry: bytes) -> UnstoredAnswer | None:
        try:
            return msgspec.json.decode(entry, type=UnstoredAnswer)
        except msgspec.DecodeError as error:
            # Written by another version, perhaps: it stays, and keeps no other from being stored.
            if name not in self._unreadable:
                self._unreadable.add(name)
                log.error("answer not readable", extra={"entry": name, "reason": str(error)})
            return None

    async def _restore(self, answer: UnstoredAnswer) -> bool:
        who = System(organization_id=answer.organization_id)
        async with self.storage.transaction(who) as tx:
            try:
                present = await tx.runs.get(answer.run.id)
            except NotFoundError:
                return False
            run = replace(answer.run, lease_token=present.lease_token)
            if present.status is not RunStatus.RUNNING or not await store(
                tx, replace(answer, run=run), self.outbox
            ):
                return False
            await tx.event_log.add(run.id, answer.events)
        return True
