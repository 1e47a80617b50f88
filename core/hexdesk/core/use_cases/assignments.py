"""Putting together what a run needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import Agent, AgentSettings
from hexdesk.core.model.ai_config import Prompts
from hexdesk.core.model.chat import Message, Run, RunEvent, Situation
from hexdesk.core.model.principals import Person
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.configuration import inherits_model
from hexdesk.core.policy.context import history
from hexdesk.core.policy.instructions import instructions
from hexdesk.core.policy.moments import next_moment
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.configurations import Configurations
from hexdesk.core.use_cases.run_in_progress import Assignment
from hexdesk.core.use_cases.run_log import RUN_STARTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignments:
    """Makes assignments: for a message that has just come, or for a run that was left behind."""

    clock: Clock
    configurations: Configurations
    prompts: Prompts
    settings: DeskSettings

    async def new(
        self,
        tx: Transaction,
        who: Person,
        found: Situation,
        message: Message,
        started_at: float,
    ) -> Assignment | None:
        """Begin a run and return the assignment to answer a message that is not stored yet.

        None, and no run, while another is running in the thread.
        """
        thread, agent = found.thread, found.agent
        resolved = await self.configurations.of(agent, found.organization)
        run = self._run(who, agent, message, resolved.values)
        if not await tx.runs.begin(run):
            return None
        # Not before: only now is the answer to the message before this one sure to be there.
        earlier = await tx.messages.latest(thread.id, max(1, run.settings.memory_retention))
        message = replace(message, created_at=self._after(earlier))
        told = instructions(run.settings, self.prompts)
        return Assignment(
            run=run,
            thread=thread,
            user_message=message,
            instructions=told,
            history=history(run.settings, earlier, told, message.content),
            inherits_model=inherits_model(resolved),
            is_agent_active=agent.is_active,
            knows_files=found.knows_files,
            attached_earlier=_attached(run.settings, earlier),
            started_at=started_at,
            seen=(_run_started(run),),
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

    async def again(self, tx: Transaction, run: Run) -> Assignment:
        """Return the assignment to go on with a run that was taken over."""
        found = await tx.threads.with_agent(run.thread_id)
        thread, agent = found.thread, found.agent
        resolved = await self.configurations.of(agent, found.organization)
        *earlier, message = await tx.messages.latest(thread.id, run.settings.memory_retention + 1)
        told = instructions(run.settings, self.prompts)
        seen, _ = await tx.event_log.after(run.id, 0)
        return Assignment(
            run=run,
            thread=thread,
            user_message=message,
            instructions=told,
            history=history(run.settings, earlier, told, message.content),
            inherits_model=inherits_model(resolved),
            is_agent_active=agent.is_active,
            knows_files=found.knows_files,
            attached_earlier=_attached(run.settings, earlier),
            started_at=self.clock.elapsed(),
            seen=tuple(seen),
        )

    def _after(self, earlier: Sequence[Message]) -> datetime:
        """Return the present, which is later than all that was said, whoever's clock is late."""
        now = self.clock.now()
        return next_moment(now, earlier[-1].created_at) if earlier else now


def _attached(settings: AgentSettings, earlier: Sequence[Message]) -> tuple[UUID, ...]:
    """Return the files that came with the messages that the model may be given, each once."""
    remembered = earlier[-settings.memory_retention :] if settings.memory_retention else ()
    return tuple(dict.fromkeys(key for message in remembered for key in message.attachments))


def _run_started(run: Run) -> RunEvent:
    data = msgspec.json.encode({"run_id": run.id, "thread_id": run.thread_id})
    return RunEvent(id=1, type=RUN_STARTED, data=msgspec.Raw(data))
