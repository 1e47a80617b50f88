"""Putting together what a run needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import Agent, AgentSettings, ResolvedConfiguration
from hexdesk.core.model.ai_config import Prompts
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.chat import (
    ChatResponse,
    Message,
    Run,
    RunEvent,
    RunStatus,
    Situation,
)
from hexdesk.core.model.principals import Person
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.configuration import inherits_model
from hexdesk.core.policy.context import Fates, asking_runs, history
from hexdesk.core.policy.instructions import instructions
from hexdesk.core.policy.moments import next_moment
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.configurations import Configurations
from hexdesk.core.use_cases.decided_calls import DecidedCalls
from hexdesk.core.use_cases.run_in_progress import Assignment
from hexdesk.core.use_cases.run_log import RUN_COMPLETED, RUN_STARTED
from hexdesk.core.use_cases.standing import still_here


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignments:
    """Makes assignments: for a message or a decision, or for a run that was left behind."""

    clock: Clock
    configurations: Configurations
    prompts: Prompts
    settings: DeskSettings
    decided_calls: DecidedCalls

    async def new(
        self, tx: Transaction, who: Person, found: Situation, message: Message, started_at: float
    ) -> Assignment | None:
        """Begin a run and return the assignment to answer a message that is not stored yet.

        None, and no run, while another is running in the thread.
        """
        resolved = await self.configurations.of(tx, found.agent, found.organization)
        run = self._run(who, found.agent, message, resolved.values)
        if not await tx.runs.begin(run):
            return None
        # Not before: only now is the answer to the message before this one sure to be there.
        earlier = await tx.messages.latest(run.thread_id, max(1, run.settings.memory_retention))
        message = replace(message, created_at=self._after(earlier))
        task = await self._assignment(tx, found, resolved, run, (*earlier, message))
        return replace(task, started_at=started_at, seen=(_run_started(run),))

    async def unanswered(
        self, tx: Transaction, who: Person, found: Situation, message: Message
    ) -> Assignment:
        """Store a run that is over at once: a person has the thread, and no model is asked."""
        resolved = await self.configurations.of(tx, found.agent, found.organization)
        earlier = await tx.messages.latest(message.thread_id, 1)
        message = replace(message, created_at=self._after(earlier))
        run = self._run(who, found.agent, message, resolved.values)
        response = ChatResponse(
            thread_id=run.thread_id,
            run_id=run.id,
            user_message=message,
            message=None,
            response_time_ms=0,
            model="",
        )
        over = replace(
            run, status=RunStatus.COMPLETED, response=response, finished_at=self.clock.now()
        )
        await tx.runs.begin(over)
        task = await self._assignment(tx, found, resolved, over, (message,))
        data = msgspec.Raw(msgspec.json.encode(response))
        completed = RunEvent(id=2, type=RUN_COMPLETED, data=data)
        return replace(task, seen=(_run_started(run), completed))

    async def decided(self, tx: Transaction, found: Situation, held: HeldCall) -> Assignment:
        """Begin the run that tells the agent what was decided; its thread is locked and free.

        Its person, rights and settings are those of this moment.
        """
        asked = await tx.runs.get(held.run_id)
        message = await tx.messages.get(asked.user_message_id)
        resolved = await self.configurations.of(tx, found.agent, found.organization)
        person = await still_here(tx, asked.principal)
        run = replace(
            self._run(person or asked.principal, found.agent, message, resolved.values),
            id=held.resumed_run_id or self.clock.new_id(),
            approval_id=held.id,
        )
        await tx.runs.begin(run)
        task = replace(await self.again(tx, run, found), seen=(_run_started(run),))
        await tx.event_log.add(run.id, task.seen)
        return task

    async def again(self, tx: Transaction, run: Run, found: Situation) -> Assignment:
        """Return the assignment to go on with a run that was taken over."""
        resolved = await self.configurations.of(tx, found.agent, found.organization)
        message = await tx.messages.get(run.user_message_id)
        # One more, since the message itself is among them.
        latest = await tx.messages.latest(run.thread_id, run.settings.memory_retention + 1)
        said = (*(one for one in latest if one.created_at < message.created_at), message)
        task = await self._assignment(tx, found, resolved, run, said)
        seen, _ = await tx.event_log.after(run.id, 0)
        newest = max(message.created_at, *(one.created_at for one in latest))
        task = replace(task, seen=tuple(seen), later_than=newest)
        if run.approval_id is None:
            return task
        held = await tx.approvals.get(run.approval_id)
        decided = await self.decided_calls.of(tx, run, held, is_agent_active=task.is_agent_active)
        told = _said_since(held, latest)
        later = history(run.settings, told, task.instructions, "", await _fates(tx, told))
        return replace(task, decided=replace(decided.call, since=later), approved=decided.approved)

    async def _assignment(
        self,
        tx: Transaction,
        found: Situation,
        resolved: ResolvedConfiguration,
        run: Run,
        said: Sequence[Message],
    ) -> Assignment:
        """Return the assignment to answer the last of what was said."""
        thread, agent = found.thread, found.agent
        *earlier, message = said
        told = instructions(run.settings, self.prompts)
        fates = await _fates(tx, earlier)
        return Assignment(
            run=run,
            thread=thread,
            user_message=message,
            instructions=told,
            history=history(run.settings, earlier, told, message.content, fates),
            inherits_model=inherits_model(resolved),
            is_agent_active=agent.is_active,
            knows_files=found.knows_files,
            attached_earlier=_attached(run.settings, earlier),
            later_than=message.created_at,
            started_at=self.clock.elapsed(),
            seen=(),
        )

    def _run(self, who: Person, agent: Agent, message: Message, settings: AgentSettings) -> Run:
        now = self.clock.now()
        return Run(
            id=message.run_id or self.clock.new_id(),
            thread_id=message.thread_id,
            agent_id=agent.id,
            user_message_id=message.id,
            principal=who,
            settings=settings,
            lease_token=self.clock.new_id(),
            lease_until=now + timedelta(seconds=self.settings.run_lease_seconds),
            created_at=now,
        )

    def _after(self, earlier: Sequence[Message]) -> datetime:
        """Return the present, which is later than all that was said, whoever's clock is late."""
        now = self.clock.now()
        return next_moment(now, earlier[-1].created_at) if earlier else now


def _said_since(held: HeldCall, latest: Sequence[Message]) -> Sequence[Message]:
    """Return what was said after the agent had asked; that may be longer ago than all of it."""
    asked = (place for place, one in enumerate(latest, 1) if one.run_id == held.run_id)
    return latest[max(asked, default=0) :]


def _attached(settings: AgentSettings, earlier: Sequence[Message]) -> tuple[UUID, ...]:
    """Return the files that came with the messages that the model may be given, each once."""
    remembered = earlier[-settings.memory_retention :] if settings.memory_retention else ()
    return tuple(dict.fromkeys(key for message in remembered for key in message.attachments))


async def _fates(tx: Transaction, messages: Sequence[Message]) -> Fates:
    """Return what has become of the calls that waited for a person."""
    run_ids = asking_runs(messages)
    held = await tx.approvals.of_runs(run_ids) if run_ids else ()
    return {(one.run_id, one.call_id): one.status for one in held}


def _run_started(run: Run) -> RunEvent:
    data = msgspec.json.encode({"run_id": run.id, "thread_id": run.thread_id})
    return RunEvent(id=1, type=RUN_STARTED, data=msgspec.Raw(data))
