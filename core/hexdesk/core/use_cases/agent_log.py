"""What happened to agents, and what they did."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import (
    ActionCount,
    Agent,
    AgentAction,
    AgentHistory,
    HistoryAction,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Member, Principal, person_behind
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecorder:
    """Writes down what happened to an agent: in its history, and in the audit."""

    clock: Clock
    auditor: Auditor

    async def note(
        self,
        tx: Transaction,
        who: Principal,
        action: HistoryAction,
        *,
        before: Agent | None,
        after: Agent | None,
    ) -> None:
        """Store the change; one of both agents is there."""
        person = person_behind(who)
        changed_by_id = person.user_id if isinstance(person, Member) else None
        change = history_of(self.clock, changed_by_id, action, before=before, after=after)
        await tx.agent_log.add_history(change)
        await self.auditor.note(tx, who, f"agent.{action}", target=("agent", change.agent_id))


def history_of(
    clock: Clock,
    changed_by_id: UUID | None,
    action: HistoryAction,
    *,
    before: Agent | None,
    after: Agent | None,
) -> AgentHistory:
    """Return a change of an agent; one of both agents is there."""
    return AgentHistory(
        id=clock.new_id(),
        agent_id=next(agent.id for agent in (after, before) if agent),
        changed_by_id=changed_by_id,
        action=action,
        before=_stored(before),
        after=_stored(after),
        created_at=clock.now(),
    )


def _stored(agent: Agent | None) -> dict[str, Any] | None:
    if agent is None:
        return None
    return {
        **msgspec.to_builtins(agent.own),
        "configuration": msgspec.to_builtins(agent.configuration),
        "is_active": agent.is_active,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgentHistory:
    """Show how an agent was changed."""

    storage: Storage

    async def __call__(self, who: Principal, agent_id: UUID, part: Slice) -> Page[AgentHistory]:
        """Return a part of the changes; those of a deleted agent too."""
        require(who, Right.READ_AGENT_RECORDS)
        check_sort(AgentHistory, part.sort)
        async with self.storage.transaction(who) as tx:
            changes = await tx.agent_log.history(agent_id, part)
            if not changes.total:
                await tx.agents.get(agent_id)
            return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgentActions:
    """Show which tools an agent called."""

    storage: Storage

    async def __call__(self, who: Principal, agent_id: UUID, part: Slice) -> Page[AgentAction]:
        """Return a part of the calls."""
        require(who, Right.READ_AGENT_RECORDS)
        check_sort(AgentAction, part.sort)
        async with self.storage.transaction(who) as tx:
            await tx.agents.get(agent_id)
            return await tx.agent_log.actions(agent_id, part)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAgentActions:
    """Show how often an agent's tool calls ended how."""

    storage: Storage

    async def __call__(self, who: Principal, agent_id: UUID, part: Slice) -> Page[ActionCount]:
        """Return a part of the counts, by tool and status."""
        require(who, Right.READ_AGENT_RECORDS)
        check_sort(ActionCount, part.sort)
        async with self.storage.transaction(who) as tx:
            await tx.agents.get(agent_id)
            return part_of(await tx.agent_log.count_actions(agent_id), part)
