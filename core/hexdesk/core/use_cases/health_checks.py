"""Health checks: whether an agent's model and tools can be had, found out now and then."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.agents import AgentStatus
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance, Task, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.agents import AgentRunner
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.agent_requests import AgentRequests
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork

HEALTH_CHECK = "health_check"
TOOL_SERVER = "mcp"
"""The name of the tool server among the components of `/health`."""
MOST_AT_ONCE = 200
PRIORITY = 8


class HealthCheckData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing: the task's agent is what is checked."""


@dataclass(frozen=True, kw_only=True)
class CheckAgent(TaskType):
    """Ask an agent's model for a sign of life, and whether its tools can be reached."""

    clock: Clock
    runner: AgentRunner
    requests: AgentRequests
    check_health: CheckHealth
    settings: DeskSettings
    name: str = HEALTH_CHECK
    data: type[msgspec.Struct] = HealthCheckData
    right: Right | None = Right.CHECK_AGENTS
    endurance: Endurance = Endurance(time_limit=60, longest_pause=60)
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        task = work.task
        request = await self.requests.of(task)
        health = await self.runner.check(request)
        status, detail = health.status, health.detail
        if status is AgentStatus.OK and request.settings.mcp_enabled:
            tools = (await self.check_health()).components.get(TOOL_SERVER)
            if tools and tools.status is not HealthStatus.OK:
                status, detail = AgentStatus.DEGRADED, "its tools cannot be reached"
        now = self.clock.now()

        async def store(tx: Transaction) -> None:
            await tx.agent_checks.note(request.agent_id, status, now)

        period = self.settings.health_check_seconds
        is_regular = isinstance(task.principal, System) and period > 0
        return TaskEnd(
            result={"status": status.value, "detail": detail},
            store=store,
            again_at=now + timedelta(seconds=period) if is_regular else None,
        )

    async def give_up(self, tx: Transaction, task: Task) -> None:
        if task.agent_id is not None and task.status is TaskStatus.FAILED:
            await tx.agent_checks.note(task.agent_id, AgentStatus.UNKNOWN, self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleHealthChecks:
    """See to it that every active agent is checked regularly: one task for each, which recurs."""

    storage: Storage
    clock: Clock
    settings: DeskSettings

    async def __call__(self) -> int:
        """Return how many agents were found unchecked for longer than a period."""
        period = self.settings.health_check_seconds
        if period <= 0:
            return 0
        before = self.clock.now() - timedelta(seconds=2 * period)
        unchecked = await self.storage.backlog.agents_to_check(before, MOST_AT_ONCE)
        for agent_id, organization_id in unchecked:
            who = System(organization_id=organization_id)
            async with self.storage.transaction(who) as tx:
                await self._schedule(tx, who, agent_id)
        return len(unchecked)

    async def _schedule(self, tx: Transaction, who: System, agent_id: UUID) -> None:
        now = self.clock.now()
        wanted = Task(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            agent_id=agent_id,
            task_type=HEALTH_CHECK,
            task_data={},
            priority=PRIORITY,
            created_at=now,
            ready_at=now,
            principal=who,
            dedupe_key=f"{HEALTH_CHECK}:{agent_id}",
        )
        task = await tx.tasks.add(wanted)
        if task.status not in {TaskStatus.QUEUED, TaskStatus.RUNNING}:
            again = replace(task, status=TaskStatus.QUEUED, attempts=0, ready_at=now)
            await tx.tasks.update(again)
