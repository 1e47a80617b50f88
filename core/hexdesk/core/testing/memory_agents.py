"""Agents and what they did, in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.agents import ActionCount, Agent, AgentAction, AgentHistory, AgentStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.agent_records import AgentChecks, AgentLog, Agents
from hexdesk.core.testing.memory_records import Draft, found, in_order, page_of, without


@dataclass(frozen=True)
class MemoryAgents(Agents):
    """The agents in a draft."""

    draft: Draft

    async def get(self, agent_id: UUID) -> Agent:
        return found(self.draft.records.agents, agent_id, "agent")

    async def all(self) -> Sequence[Agent]:
        return in_order(self.draft.records.agents.values(), "created_at")

    async def add(self, agent: Agent) -> None:
        records = await self.draft.to_write()
        records.agents[agent.id] = agent

    async def update(self, agent: Agent) -> None:
        records = await self.draft.to_write()
        stored = found(records.agents, agent.id, "agent")
        records.agents[agent.id] = replace(agent, status=stored.status)

    async def remove(self, agent_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.agents, agent_id, "agent")
        if await self.has_threads(agent_id):
            raise ConflictError(f"agent {agent_id!s} is still in use")
        del records.agents[agent_id]
        records.agent_files = {pair for pair in records.agent_files if pair[0] != agent_id}
        records.tasks = without(records.tasks, agent_id, "agent_id")

    async def has_threads(self, agent_id: UUID) -> bool:
        return any(thread.agent_id == agent_id for thread in self.draft.records.threads.values())

    async def lock(self) -> None:
        await self.draft.to_write()


@dataclass(frozen=True)
class MemoryAgentChecks(AgentChecks):
    """The outcomes of checks in a draft."""

    draft: Draft

    async def note(self, agent_id: UUID, status: AgentStatus, checked_at: datetime) -> None:
        records = await self.draft.to_write()
        agent = found(records.agents, agent_id, "agent")
        records.agents[agent_id] = replace(agent, status=status)
        records.checked_at[agent_id] = checked_at


@dataclass(frozen=True)
class MemoryAgentLog(AgentLog):
    """The log of agents in a draft."""

    draft: Draft

    async def add_history(self, change: AgentHistory) -> None:
        records = await self.draft.to_write()
        records.history[change.id] = change

    async def history(self, agent_id: UUID, part: Slice) -> Page[AgentHistory]:
        changes = self.draft.records.history.values()
        return page_of((change for change in changes if change.agent_id == agent_id), part)

    async def add_actions(self, actions: Sequence[AgentAction]) -> None:
        records = await self.draft.to_write()
        for action in actions:
            records.actions.setdefault((action.run_id, action.call_id), action)

    async def actions(self, agent_id: UUID, part: Slice) -> Page[AgentAction]:
        return page_of(self._actions_of(agent_id), part)

    async def count_actions(self, agent_id: UUID) -> Sequence[ActionCount]:
        counts = Counter((action.tool, action.status) for action in self._actions_of(agent_id))
        return [
            ActionCount(tool=tool, status=status, count=count)
            for (tool, status), count in sorted(counts.items())
        ]

    def _actions_of(self, agent_id: UUID) -> list[AgentAction]:
        actions = self.draft.records.actions.values()
        return [action for action in actions if action.agent_id == agent_id]
