"""Doing one run: from the message that was stored to the answer that is stored."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from hexdesk.core.errors import BusyError, StorageUnavailableError
from hexdesk.core.model.agents import ToolUse, ToolUseStatus
from hexdesk.core.model.chat import (
    ChatResponse,
    DegradedReason,
    Message,
    Run,
    RunEvent,
    Thread,
    Turn,
)
from hexdesk.core.model.principals import AgentRun, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.redaction import redacted
from hexdesk.core.policy.rights import Right, may_use_tool
from hexdesk.core.policy.storable import storable
from hexdesk.core.policy.words import with_notice
from hexdesk.core.ports.agents import (
    AgentRunner,
    AnswerFinished,
    RunProgress,
    RunRequest,
    StepTaken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.tokens import Capabilities
from hexdesk.core.use_cases.answers import Outcome, PublishAnswer
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.response_cache import ResponseCache
from hexdesk.core.use_cases.run_log import (
    TEXT_DELTA,
    TOOL_FINISHED,
    TOOL_STARTED,
    Checkpoint,
    RunLog,
)

log = logging.getLogger("hexdesk.runs")
CAPABILITY_MARGIN_SECONDS = 60


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to do a run; `seen` are the events that are stored already."""

    run: Run
    thread: Thread
    user_message: Message
    instructions: str
    history: tuple[Turn, ...]
    inherits_model: bool
    is_agent_active: bool
    is_followed: bool = True
    started_at: float
    seen: tuple[RunEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWorker:
    """Does a run and publishes its answer; whatever breaks, there is one."""

    storage: Storage
    clock: Clock
    runner: AgentRunner
    capabilities: Capabilities
    events: RunEvents
    publish_answer: PublishAnswer
    note_refusal: NoteRefusal
    responses: ResponseCache
    tool_rights: Mapping[str, Right]
    settings: DeskSettings

    async def __call__(self, task: Assignment) -> ChatResponse | None:
        """Return the answer; None, and nothing said, if the run turns out to be somebody else's."""
        doing = self._begin(task)
        try:
            return await self._answer(doing)
        finally:
            doing.run_log.close()

    async def _answer(self, doing: "RunInProgress") -> ChatResponse | None:
        task, run_log, outcome = doing.task, doing.run_log, doing.outcome
        if not task.is_agent_active and not run_log.text:
            outcome.reason = DegradedReason.AGENT_UNAVAILABLE
        elif doing.was_cut_off or not task.is_agent_active:
            # What the customer saw of the lost step cannot be unsaid by asking again.
            outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        elif not await self._work(doing):
            return None
        if outcome.reason:
            run_log.add_text(with_notice(run_log.text, outcome.reason))
        return await self.publish_answer(
            task.run, task.user_message, run_log, outcome, task.started_at
        )

    async def _work(self, doing: "RunInProgress") -> bool:
        run = doing.task.run
        try:
            async with asyncio.timeout(run.settings.timeout_seconds):
                return await self._ask(doing)
        except TimeoutError:
            doing.outcome.reason = DegradedReason.RUN_LIMIT
        except Exception:
            # The edge of a background task: the customer gets an answer, the trace is for us.
            log.exception("run failed", extra={"run_id": str(run.id)})
            doing.outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        return True

    async def _ask(self, doing: "RunInProgress") -> bool:
        principal, outcome, run_log = doing.task.run.principal, doing.outcome, doing.run_log
        request = self._request(doing)
        kept = await self.responses.find(principal, request)
        if kept:
            run_log.add_text(kept.text)
            outcome.model = kept.model
            return True
        async with aclosing(self.runner.run(request)) as progress:
            async for item in progress:
                if not await doing.follow(item):
                    return False
        if not run_log.text.strip() and not outcome.reason:
            outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        await self.responses.keep(principal, request, run_log.text, outcome)
        return True

    def _begin(self, task: Assignment) -> "RunInProgress":
        steps = task.run.steps
        checkpoint = msgspec.msgpack.decode(steps, type=Checkpoint) if steps else None
        text = "".join(_delta(event) for event in task.seen if event.type == TEXT_DELTA)
        run_log = RunLog(
            run=task.run,
            who=System(organization_id=task.thread.organization_id),
            storage=self.storage,
            clock=self.clock,
            events=self.events,
            settings=self.settings,
            last_id=task.seen[-1].id,
            text=text,
        )
        settings = task.run.settings
        return RunInProgress(
            task=task,
            run_log=run_log,
            outcome=Outcome(
                model=f"{settings.model_provider}:{settings.model_name}",
                tool_uses={use.call_id: use for use in checkpoint.tool_uses} if checkpoint else {},
            ),
            agent_run=self._agent_run(task),
            steps=checkpoint.runner if checkpoint else None,
            was_cut_off=len(text) > len(checkpoint.text if checkpoint else ""),
            note_refusal=self.note_refusal,
        )

    def _agent_run(self, task: Assignment) -> AgentRun:
        settings, person = task.run.settings, task.run.principal
        enabled = {
            name
            for name in (settings.tools_enabled if settings.mcp_enabled else ())
            if name in self.tool_rights and may_use_tool(person, name, self.tool_rights[name])
        }
        waiting = enabled & set(settings.require_approval)
        return AgentRun(
            organization_id=task.thread.organization_id,
            agent_id=task.run.agent_id,
            run_id=task.run.id,
            acts_for=person,
            thread_id=task.thread.id,
            tools=frozenset(enabled - waiting),
            needs_approval=frozenset(waiting),
        )

    def _request(self, doing: "RunInProgress") -> RunRequest:
        task, agent_run = doing.task, doing.agent_run
        settings = task.run.settings
        lifetime = timedelta(seconds=settings.timeout_seconds + CAPABILITY_MARGIN_SECONDS)
        return RunRequest(
            run_id=task.run.id,
            agent_id=task.run.agent_id,
            settings=settings,
            instructions=task.instructions,
            history=task.history,
            content=task.user_message.content,
            tools=agent_run.tools,
            needs_approval=agent_run.needs_approval,
            capability=self.capabilities.mint(agent_run, lifetime),
            inherits_model=task.inherits_model,
            streams=settings.use_streaming and task.is_followed,
            steps=doing.steps,
        )


@dataclass(slots=True, kw_only=True)
class RunInProgress:
    """A run while it is being done: what it has said and called so far."""

    task: Assignment
    run_log: RunLog
    outcome: Outcome
    agent_run: AgentRun
    steps: bytes | None
    was_cut_off: bool
    note_refusal: NoteRefusal

    async def follow(self, item: RunProgress) -> bool:
        """Take note of what happened; False if the run is somebody else's by now."""
        match item:
            case TextDelta():
                self.run_log.add_text(item.text)
            case ToolStarted():
                self._started(item)
            case ToolFinished():
                await self._finished(item)
            case StepTaken():
                return await self._save(item)
            case AnswerFinished():
                self.outcome.finish(item)
                if item.detail:
                    log.warning(
                        "answer degraded",
                        extra={"run_id": str(self.task.run.id), "detail": item.detail},
                    )
        return True

    def _started(self, item: ToolStarted) -> None:
        use = ToolUse(
            call_id=item.call_id,
            name=storable(item.name),
            arguments=redacted(item.arguments),
            status=ToolUseStatus.ERROR,
            duration_ms=0,
            error="was interrupted",
        )
        self.outcome.tool_uses[item.call_id] = use
        data = {"call_id": use.call_id, "name": use.name, "arguments": use.arguments}
        self._add_once(TOOL_STARTED, data)

    async def _finished(self, item: ToolFinished) -> None:
        started = self.outcome.tool_uses[item.call_id]
        use = msgspec.structs.replace(
            started,
            status=item.status,
            duration_ms=item.duration_ms,
            error=None if item.error is None else storable(item.error),
        )
        self.outcome.tool_uses[item.call_id] = use
        data = {
            "call_id": use.call_id,
            "name": use.name,
            "status": use.status,
            "duration_ms": use.duration_ms,
        }
        self._add_once(TOOL_FINISHED, data)
        if use.status is ToolUseStatus.DENIED:
            await self.note_refusal(
                self.agent_run,
                use.name,
                use.arguments,
                call_id=use.call_id,
                reason=use.error or "denied",
            )

    async def _save(self, item: StepTaken) -> bool:
        run = self.task.run
        steps = self.run_log.checkpoint(tuple(self.outcome.tool_uses.values()), item.steps)

        async def save(tx: Transaction) -> bool:
            return await tx.runs.save_steps(run.id, run.lease_token, steps)

        try:
            return await self.run_log.commit(save)
        except (BusyError, StorageUnavailableError) as error:
            log.warning("run steps not stored", extra={"run_id": str(run.id), "reason": str(error)})
            return True

    def _add_once(self, type_: str, data: Mapping[str, object]) -> None:
        # A run that goes on after a crash makes its last step's calls again; the stream does not.
        for event in self.task.seen:
            if (
                event.type == type_
                and msgspec.json.decode(event.data)["call_id"] == data["call_id"]
            ):
                return
        self.run_log.add(type_, data)


def _delta(event: RunEvent) -> str:
    return msgspec.json.decode(event.data)["text"]
