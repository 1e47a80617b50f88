"""Doing one run: from the message that was stored to the answer that is stored."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse, DegradedReason, RunEvent, ThreadStatus
from hexdesk.core.model.knowledge import Knowledge
from hexdesk.core.model.principals import AgentRun, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.context import room_for_knowledge, shortened
from hexdesk.core.policy.knowledge import fenced
from hexdesk.core.policy.rights import Right, enabled_tools
from hexdesk.core.policy.words import waiting_for, with_handover, with_notice
from hexdesk.core.ports.agents import AgentRunner, RunRequest, ToolFinished, ToolStarted
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.tokens import Capabilities
from hexdesk.core.use_cases.answers import Outcome, PublishAnswer
from hexdesk.core.use_cases.knowledge import NOTHING, FindKnowledge, Question
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.response_cache import ResponseCache
from hexdesk.core.use_cases.run_in_progress import (
    Assignment,
    Checkpoint,
    RunInProgress,
    known_uses,
)
from hexdesk.core.use_cases.run_log import TEXT_DELTA, RunLog, about

log = logging.getLogger("hexdesk.runs")
CAPABILITY_MARGIN_SECONDS = 60
MOST_TRIES = 3


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
    find_knowledge: FindKnowledge
    tool_rights: Mapping[str, Right]
    settings: DeskSettings

    async def __call__(self, task: Assignment) -> ChatResponse | None:
        """Return the answer; None, and nothing said, if the run turns out to be somebody else's."""
        doing = self._begin(task)
        try:
            return await self._answer(doing)
        finally:
            doing.run_log.close()

    async def _answer(self, doing: RunInProgress) -> ChatResponse | None:
        task, run_log, outcome = doing.task, doing.run_log, doing.outcome
        if task.thread.status is ThreadStatus.HUMAN:
            # It was left behind, and a person has the conversation by now: no model is asked.
            outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        elif not task.is_agent_active and not run_log.text:
            outcome.reason = DegradedReason.AGENT_UNAVAILABLE
            await _refuse(doing)
        elif doing.was_cut_off or not task.is_agent_active:
            # What the customer saw of the lost step cannot be unsaid by asking again.
            outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        elif self._is_worn_out(task):
            outcome.reason = DegradedReason.RUN_LIMIT
        elif not await self._work(doing):
            return None
        if outcome.reason:
            log.warning("run ends degraded", extra=about(task.run, reason=outcome.reason))
        _say_how_it_ends(doing)
        return await self.publish_answer(
            task.run, task.user_message, run_log, outcome, task.started_at
        )

    def _is_worn_out(self, task: Assignment) -> bool:
        """Tell whether a run has been begun again for too long: it may be what ends processes."""
        seconds = task.run.settings.timeout_seconds + self.settings.run_lease_seconds
        return self.clock.now() - task.run.created_at > timedelta(seconds=MOST_TRIES * seconds)

    async def _work(self, doing: RunInProgress) -> bool:
        run = doing.task.run
        try:
            async with asyncio.timeout(run.settings.timeout_seconds):
                return await self._ask(doing)
        except TimeoutError:
            doing.outcome.reason = DegradedReason.RUN_LIMIT
        except Exception:
            # The edge of a background task: the customer gets an answer, the trace is for us.
            log.exception("run failed", extra=about(run))
            doing.outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        doing.end_text()
        return True

    async def _known(self, task: Assignment) -> Knowledge:
        """Return what files say to it, where there are any."""
        message, settings = task.user_message, task.run.settings
        if not (task.knows_files or message.attachments or task.attached_earlier):
            return NOTHING
        patience = min(self.settings.attachment_wait_seconds, settings.timeout_seconds / 4)
        return await self.find_knowledge(
            Question(
                organization_id=task.thread.organization_id,
                agent_id=task.run.agent_id,
                text=message.content,
                attached=message.attachments,
                attached_earlier=task.attached_earlier,
                room=room_for_knowledge(settings, task.history, task.instructions, message.content),
                patience=patience,
            )
        )

    async def _ask(self, doing: RunInProgress) -> bool:
        principal, outcome, run_log = doing.task.run.principal, doing.outcome, doing.run_log
        known = await self._known(doing.task)
        given = known.passages
        request = self._request(doing, fenced(given, known.unread))
        kept = await self.responses.find(principal, request, given)
        if kept:
            run_log.add_text(kept.text)
            outcome.model, outcome.citations = kept.model, kept.citations
            return True
        doing.cite(given)
        async with aclosing(self.runner.run(request)) as progress:
            async for item in progress:
                if not await doing.follow(item):
                    return False
        doing.end_text()
        if outcome.waits_for_people or outcome.handover is not None:
            return True
        if not run_log.text.strip() and not outcome.reason:
            outcome.reason = DegradedReason.MODEL_UNAVAILABLE
        await self.responses.keep(principal, request, run_log.text, outcome, given)
        return True

    def _begin(self, task: Assignment) -> RunInProgress:
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
                later_than=task.later_than,
                tool_uses=known_uses(checkpoint, task.seen),
                citations=checkpoint.citations if checkpoint else (),
            ),
            agent_run=self._agent_run(task),
            steps=checkpoint.runner if checkpoint else None,
            is_followed=checkpoint.is_followed if checkpoint else task.is_followed,
            was_cut_off=len(text) > len(checkpoint.text if checkpoint else ""),
            note_refusal=self.note_refusal,
        )

    def _agent_run(self, task: Assignment) -> AgentRun:
        settings, person = task.run.settings, task.run.principal
        enabled = enabled_tools(person, settings, self.tool_rights)
        waiting = enabled & set(settings.require_approval)
        return AgentRun(
            organization_id=task.thread.organization_id,
            agent_id=task.run.agent_id,
            run_id=task.run.id,
            acts_for=person,
            thread_id=task.thread.id,
            tools=enabled - waiting,
            needs_approval=waiting,
            approved=task.approved,
        )

    def _request(self, doing: RunInProgress, knowledge: str) -> RunRequest:
        task, agent_run = doing.task, doing.agent_run
        settings = task.run.settings
        lifetime = timedelta(seconds=settings.timeout_seconds + CAPABILITY_MARGIN_SECONDS)
        return RunRequest(
            run_id=task.run.id,
            agent_id=task.run.agent_id,
            settings=settings,
            instructions=task.instructions,
            history=shortened(
                settings, task.history, task.instructions, task.user_message.content, knowledge
            ),
            content=task.user_message.content,
            knowledge=knowledge,
            tools=agent_run.tools,
            needs_approval=agent_run.needs_approval,
            capability=self.capabilities.mint(agent_run, lifetime),
            inherits_model=task.inherits_model,
            streams=settings.use_streaming and doing.is_followed,
            steps=doing.steps,
            asks_people=True,
            decided=task.decided,
        )


def _say_how_it_ends(doing: RunInProgress) -> None:
    """Add to the answer what the desk must say in its own words."""
    run_log, outcome = doing.run_log, doing.outcome
    if outcome.reason:
        has_acted = any(use.status is ToolUseStatus.OK for use in outcome.tool_uses.values())
        run_log.add_text(with_notice(run_log.text, outcome.reason, has_acted=has_acted))
    elif outcome.waits_for_people and not run_log.text.strip():
        run_log.add_text(waiting_for(one.name for one in outcome.waiting.values()))
    if outcome.handover is not None:
        run_log.add_text(with_handover(run_log.text))


async def _refuse(doing: RunInProgress) -> None:
    """Note that a decided call is not made, since there is no agent to make it."""
    call = doing.task.decided
    if call is None:
        return
    await doing.follow(ToolStarted(call_id=call.call_id, name=call.name, arguments=call.arguments))
    await doing.follow(
        ToolFinished(
            call_id=call.call_id,
            name=call.name,
            status=ToolUseStatus.DENIED,
            duration_ms=0,
            error=call.refusal,
        )
    )


def _delta(event: RunEvent) -> str:
    return msgspec.json.decode(event.data)["text"]
