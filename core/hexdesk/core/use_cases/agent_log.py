"""What happened to agents, and what they did."""

from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.model.agents import ActionCount, AgentAction, AgentHistory
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.listing import check_sort, part_of
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.storage import Storage


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
