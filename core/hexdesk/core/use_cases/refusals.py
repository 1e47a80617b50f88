"""Refusals: a tool call that was not allowed is written down once, by whoever refused it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hexdesk.core.model.agents import AgentAction, ToolUseStatus
from hexdesk.core.model.audit import Outcome
from hexdesk.core.model.principals import AgentRun, Member, Principal
from hexdesk.core.policy.redaction import redacted
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.use_cases.audit import Auditor

log = logging.getLogger("hexdesk.security")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal:
    """Write down a refused tool call: a log line, an audit event, and a run's action."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    telemetry: Telemetry

    async def __call__(
        self,
        who: Principal,
        name: str,
        arguments: Mapping[str, Any],
        *,
        call_id: str | None,
        reason: str,
    ) -> None:
        """Store it, keyed by run and call; the second to tell of the same call changes nothing."""
        run = who if isinstance(who, AgentRun) else None
        once_key = f"{run.run_id}:{call_id}" if run and call_id else None
        async with self.storage.transaction(who) as tx:
            is_first = await self.auditor.note(
                tx,
                who,
                "tool.refused",
                target=("agent", run.agent_id) if run else None,
                outcome=Outcome.DENIED,
                once_key=once_key,
                tool=name,
                reason=reason,
            )
            if run and call_id and is_first:
                await tx.agent_log.add_actions(
                    (self._action(run, name, arguments, call_id, reason),)
                )
        if is_first:
            self.telemetry.tool_called(name, ToolUseStatus.DENIED, 0)
            log.warning(
                "security violation: unauthorized tool",
                extra={
                    "tool": name,
                    "reason": reason,
                    "organization_id": str(who.organization_id),
                    "agent_id": str(run.agent_id) if run else None,
                    "run_id": str(run.run_id) if run else None,
                },
            )

    def _action(
        self, run: AgentRun, name: str, arguments: Mapping[str, Any], call_id: str, reason: str
    ) -> AgentAction:
        person = run.acts_for
        return AgentAction(
            id=self.clock.new_id(),
            agent_id=run.agent_id,
            run_id=run.run_id,
            call_id=call_id,
            thread_id=run.thread_id,
            task_id=None,
            user_id=person.user_id if isinstance(person, Member) else None,
            tool=name,
            arguments=redacted(dict(arguments)),
            status=ToolUseStatus.DENIED,
            error=reason,
            duration_ms=0,
            created_at=self.clock.now(),
        )
