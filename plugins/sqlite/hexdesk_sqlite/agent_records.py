"""Agents and what they did, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_type_hints
from uuid import UUID

from msgspec import UNSET

from hexdesk.core.model.agents import (
    SETTING_NAMES,
    ActionCount,
    Agent,
    AgentAction,
    AgentHistory,
    AgentOverrides,
    AgentStatus,
    ToolUseStatus,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.agent_records import AgentChecks, AgentLog, Agents
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable


class AgentTable(RecordTable[Agent]):
    """The agents: their own settings lie in a column each, NULL where they inherit."""

    def __init__(self) -> None:
        plain = tuple(name for name in Agent.__struct_fields__ if name != "own")
        super().__init__(
            Agent,
            "agents",
            called="agent",
            columns=(*plain, *SETTING_NAMES),
            # Whoever changes an agent may have read it before the check that has ended since.
            unchanged=("status",),
        )

    def hints(self) -> dict[str, Any]:
        """Return the type of each column."""
        return super().hints() | get_type_hints(AgentOverrides)

    def written_values(self, record: Agent) -> tuple[Any, ...]:
        """Return what `insert` takes."""
        return tuple(self.write(name, _value(record, name)) for name in self.written)

    def changed_values(self, record: Agent) -> tuple[Any, ...]:
        """Return the agent's id and all that can change."""
        return (record.id, *(self.write(name, _value(record, name)) for name in self.changed))

    def build(self, values: dict[str, Any]) -> Agent:
        """Make an agent of the values of its columns."""
        own = {name: values.pop(name) for name in SETTING_NAMES}
        decided = {name: value for name, value in own.items() if value is not None}
        return Agent(own=AgentOverrides(**decided), **values)


def _value(agent: Agent, name: str) -> Any:
    value = getattr(agent.own if name in SETTING_NAMES else agent, name)
    return None if value is UNSET else value


AGENTS = AgentTable()
HISTORY = RecordTable(AgentHistory, "agent_history", called="change")
ACTIONS = RecordTable(AgentAction, "agent_actions", called="action")

ALL_AGENTS = f"{AGENTS.select} ORDER BY created_at, id"
HAS_THREADS = "SELECT EXISTS (SELECT 1 FROM threads WHERE agent_id = ?1)"
NOTE_CHECK = f"UPDATE main.agents SET status = ?2, checked_at = ?3 WHERE {OURS} AND id = ?1"  # noqa: S608  words of ours
ADD_ACTIONS = f"{ACTIONS.insert} ON CONFLICT (organization_id, run_id, call_id) DO NOTHING"
COUNT_ACTIONS = """
    SELECT tool, status, count(*) FROM agent_actions WHERE agent_id = ?1
    GROUP BY tool, status ORDER BY tool, status
"""


@dataclass(slots=True)
class SqliteAgents(Agents):
    """The agents of a transaction's organization."""

    bound: BoundConnection

    async def get(self, agent_id: UUID) -> Agent:
        return await AGENTS.get(self.bound, agent_id)

    async def all(self) -> Sequence[Agent]:
        return [AGENTS.read(row) for row in await self.bound.rows(ALL_AGENTS)]

    async def add(self, agent: Agent) -> None:
        await AGENTS.add(self.bound, agent)

    async def update(self, agent: Agent) -> None:
        await AGENTS.update(self.bound, agent)

    async def remove(self, agent_id: UUID) -> None:
        await AGENTS.remove(self.bound, agent_id)

    async def has_threads(self, agent_id: UUID) -> bool:
        return bool(await self.bound.value(HAS_THREADS, agent_id))

    async def lock(self) -> None:
        await self.bound.lock()


@dataclass(slots=True)
class SqliteAgentChecks(AgentChecks):
    """The outcomes of checks of a transaction's organization's agents."""

    bound: BoundConnection

    async def note(self, agent_id: UUID, status: AgentStatus, checked_at: datetime) -> None:
        if not await self.bound.change(NOTE_CHECK, agent_id, status, checked_at):
            raise AGENTS.not_found(agent_id)


@dataclass(slots=True)
class SqliteAgentLog(AgentLog):
    """The log of a transaction's organization's agents."""

    bound: BoundConnection

    async def add_history(self, change: AgentHistory) -> None:
        await HISTORY.add(self.bound, change)

    async def history(self, agent_id: UUID, part: Slice) -> Page[AgentHistory]:
        return await HISTORY.page(self.bound, part, _of(agent_id))

    async def add_actions(self, actions: Sequence[AgentAction]) -> None:
        if actions:
            await self.bound.change_each(ADD_ACTIONS, [*map(ACTIONS.written_values, actions)])

    async def actions(self, agent_id: UUID, part: Slice) -> Page[AgentAction]:
        return await ACTIONS.page(self.bound, part, _of(agent_id))

    async def count_actions(self, agent_id: UUID) -> Sequence[ActionCount]:
        return [
            ActionCount(tool=tool, status=ToolUseStatus(status), count=count)
            for tool, status, count in await self.bound.rows(COUNT_ACTIONS, agent_id)
        ]


def _of(agent_id: UUID) -> Conditions:
    wanted = Conditions()
    wanted.add("agent_id = {}", agent_id)
    return wanted
