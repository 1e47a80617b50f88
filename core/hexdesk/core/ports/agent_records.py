"""Records of agents and of what they did."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.agents import ActionCount, Agent, AgentAction, AgentHistory, AgentStatus
from hexdesk.core.model.listing import Page, Slice


class Agents(Protocol):
    """The organization's agents."""

    @abstractmethod
    async def get(self, agent_id: UUID) -> Agent:
        """Return the agent."""

    @abstractmethod
    async def all(self) -> Sequence[Agent]:
        """Return every agent, oldest first."""

    @abstractmethod
    async def add(self, agent: Agent) -> None:
        """Store an agent."""

    @abstractmethod
    async def update(self, agent: Agent) -> None:
        """Store what changed; the status stays as the last check left it."""

    @abstractmethod
    async def remove(self, agent_id: UUID) -> None:
        """Remove the agent; its history and its tasks stay."""

    @abstractmethod
    async def has_threads(self, agent_id: UUID) -> bool:
        """Tell whether a thread belongs to the agent."""

    @abstractmethod
    async def lock(self) -> None:
        """Make other transactions that lock agents wait until this one ends."""


class AgentChecks(Protocol):
    """How the organization's agents were when they were last looked at."""

    @abstractmethod
    async def note(self, agent_id: UUID, status: AgentStatus, checked_at: datetime) -> None:
        """Store the outcome of a check; it is no change of the agent, so `updated_at` stays."""


class AgentLog(Protocol):
    """What happened to agents, and what they did."""

    @abstractmethod
    async def add_history(self, change: AgentHistory) -> None:
        """Store a change."""

    @abstractmethod
    async def history(self, agent_id: UUID, part: Slice) -> Page[AgentHistory]:
        """Return a part of an agent's changes."""

    @abstractmethod
    async def add_actions(self, actions: Sequence[AgentAction]) -> None:
        """Store tool calls; one that is there already, by run and call, stays as it is."""

    @abstractmethod
    async def actions(self, agent_id: UUID, part: Slice) -> Page[AgentAction]:
        """Return a part of an agent's tool calls."""

    @abstractmethod
    async def count_actions(self, agent_id: UUID) -> Sequence[ActionCount]:
        """Count an agent's tool calls by tool and status."""
