"""Refusals: a tool call that was not allowed is written down once, by whoever refused it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hexdesk.core.errors import DeskError
from hexdesk.core.model.agents import AgentAction, ToolUseStatus
from hexdesk.core.model.principals import AgentRun, Member, Principal
from hexdesk.core.policy.redaction import redacted
from hexdesk.core.policy.storable import storable
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
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
        """Store it, keyed by run and call; the second to tell of the same call changes nothing.

        If it cannot be stored, only the log line remains.
        """
        name, reason = storable(name), storable(reason)
        run = who if isinstance(who, AgentRun) else None
        action = self._action(run, name, arguments, call_id, reason) if run else None
        try:
            async with self.storage.transaction(who) as tx:
                is_first = await self._store(tx, who, name, reason, action)
        except DeskError as error:
            about = {"tool": name, "organization_id": str(who.organization_id)}
            log.error("refusal not stored", extra={**about, "problem": str(error)})
            is_first = True
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

    async def _store(
        self, tx: Transaction, who: Principal, name: str, reason: str, action: AgentAction | None
    ) -> bool:
        is_first = await self.auditor.note_denial(
            tx,
            who,
            "tool.refused",
            target=("agent", action.agent_id) if action else None,
            once_key=f"{action.run_id}:{action.call_id}" if action else None,
            tool=name,
            reason=reason,
        )
        if action and is_first:
            await tx.agent_log.add_actions((action,))
        return is_first

    def _action(
        self,
        run: AgentRun,
        name: str,
        arguments: Mapping[str, Any],
        call_id: str | None,
        reason: str,
    ) -> AgentAction:
        person, action_id = run.acts_for, self.clock.new_id()
        return AgentAction(
            id=action_id,
            agent_id=run.agent_id,
            run_id=run.run_id,
            call_id=call_id or str(action_id),
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
