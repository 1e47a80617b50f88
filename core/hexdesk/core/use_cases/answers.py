"""Publishing a run's answer: in storage if it is there, else in the journal until it is."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    BusyError,
    JournalFullError,
    ThreadTakenOverError,
    UnavailableError,
)
from hexdesk.core.model.agents import ToolUse, ToolUseStatus
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.chat import (
    ChatResponse,
    Citation,
    DegradedReason,
    Message,
    MessageRole,
    Run,
    RunStatus,
    Usage,
)
from hexdesk.core.policy.moments import next_moment
from hexdesk.core.policy.words import TAKEN_OVER
from hexdesk.core.ports.agents import AnswerFinished, ApprovalNeeded
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.use_cases.held_calls import HeldCalls
from hexdesk.core.use_cases.run_log import APPROVAL_REQUIRED, RUN_COMPLETED, RunLog, about
from hexdesk.core.use_cases.storing import (
    StoreAnswer,
    UnstoredAnswer,
    as_agent,
    dropped,
    is_no_word,
    taken_over,
)
from hexdesk.core.use_cases.tool_uses import INTERRUPTED, as_actions

log = logging.getLogger("hexdesk.runs")
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What has come of a run so far; the answer is said later than `later_than`."""

    model: str
    later_than: datetime = BEFORE_ALL
    tool_uses: dict[str, ToolUse] = field(default_factory=dict[str, ToolUse])
    usage: Usage = Usage()
    reason: DegradedReason | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    dropped_citations: int = 0
    waiting: dict[str, ApprovalNeeded] = field(default_factory=dict[str, ApprovalNeeded])
    steps: bytes | None = None
    handover: str | None = None

    @property
    def waits_for_people(self) -> bool:
        """Whether calls wait for a person, and another run can go on from there."""
        return bool(self.waiting) and self.steps is not None

    @property
    def uses(self) -> tuple[ToolUse, ...]:
        """The calls; one that was to wait for a person, and cannot, has come to no end."""
        waiting = self.waiting if self.waits_for_people else {}
        return tuple(
            replace(use, status=ToolUseStatus.ERROR, error=INTERRUPTED)
            if use.status is ToolUseStatus.AWAITING_APPROVAL and use.call_id not in waiting
            else use
            for use in self.tool_uses.values()
        )

    def finish(self, item: AnswerFinished) -> None:
        """Take over what the runner says at the end."""
        self.model = item.model
        self.usage = item.usage
        self.reason = item.degraded_reason
        self.confidence = item.confidence
        self.steps = item.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAnswer:
    """Store a run's answer with its tool uses, and end the run's stream with it."""

    clock: Clock
    journal: Journal
    telemetry: Telemetry
    store: StoreAnswer
    held_calls: HeldCalls

    async def __call__(
        self, run: Run, user_message: Message, run_log: RunLog, outcome: Outcome, started_at: float
    ) -> ChatResponse | None:
        """Return what was published: nothing if the run is somebody else's by now.

        If a person has taken the conversation over, what was said is dropped.
        """
        answer = self._answer(run, run_log, outcome)
        spent = round((self.clock.elapsed() - started_at) * 1000, 1)
        response = replace(_response(answer, user_message, outcome), response_time_ms=spent)
        answer = replace(answer, run=replace(answer.run, response=response))
        for one in response.approvals:
            run_log.add_last(APPROVAL_REQUIRED, {"approval": one})
        run_log.add_last(RUN_COMPLETED, response)
        try:
            if not await run_log.commit(lambda tx: self.store(tx, answer)):
                return None
        except ThreadTakenOverError:
            return await self._drop(answer, run_log)
        except (BusyError, UnavailableError) as error:
            log.error("answer not stored", extra=about(run, reason=str(error)))
            response = await self._keep(answer, response, run_log)
        self.telemetry.answered(run.agent_id, response)
        self.telemetry.cited(len(outcome.citations), outcome.dropped_citations)
        return response

    def _answer(self, run: Run, run_log: RunLog, outcome: Outcome) -> UnstoredAnswer:
        end = replace(run, status=RunStatus.COMPLETED, steps=None, finished_at=self.clock.now())
        return UnstoredAnswer(
            organization_id=run_log.who.organization_id,
            run=end,
            message=self._message(run, run_log.text, outcome),
            actions=as_actions(self.clock, as_agent(run), outcome.uses),
            held=self._held(run, outcome),
            handover=outcome.handover,
            events=(),
        )

    async def _drop(self, answer: UnstoredAnswer, run_log: RunLog) -> ChatResponse | None:
        """Store what was done, and nothing of what was said: a person has the conversation.

        If even that cannot be stored, the run is left for whoever takes it over.
        """
        remains = dropped(answer)
        run_log.end_otherwise(taken_over(0), is_no_word)
        try:
            is_ours = await run_log.commit(lambda tx: self.store.silently(tx, remains))
        except (BusyError, UnavailableError) as error:
            log.warning("run not ended", extra=about(answer.run, reason=str(error)))
            return None
        log.info("answer dropped", extra=about(answer.run, reason=TAKEN_OVER))
        return remains.run.response if is_ours else None

    def _held(self, run: Run, outcome: Outcome) -> tuple[HeldCall, ...]:
        if outcome.steps is None:
            return ()
        return tuple(
            self.held_calls.hold(run, needed, outcome.steps) for needed in outcome.waiting.values()
        )

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

    def _message(self, run: Run, text: str, outcome: Outcome) -> Message | None:
        if outcome.reason is DegradedReason.AGENT_UNAVAILABLE:
            return None
        return Message(
            id=self.clock.new_id(),
            thread_id=run.thread_id,
            run_id=run.id,
            role=MessageRole.ASSISTANT,
            content=text,
            citations=outcome.citations,
            tool_calls=outcome.uses,
            confidence_score=outcome.confidence,
            created_at=next_moment(self.clock.now(), outcome.later_than),
        )


def _response(answer: UnstoredAnswer, asked: Message, outcome: Outcome) -> ChatResponse:
    return ChatResponse(
        thread_id=answer.run.thread_id,
        run_id=answer.run.id,
        user_message=asked,
        message=answer.message,
        tools_used=outcome.uses,
        response_time_ms=0,
        degraded=outcome.reason is not None,
        degraded_reason=outcome.reason,
        model=outcome.model,
        usage=outcome.usage,
        approvals=tuple(one.shown() for one in answer.held),
    )
