"""Tasks: work that nobody waits for, done by whoever has time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from hexdesk.core.model.principals import Person, System

Priority = Annotated[int, msgspec.Meta(ge=0, le=9)]
HIGHEST_PRIORITY = 0
LOWEST_PRIORITY = 9
ALL_PRIORITIES = tuple(range(HIGHEST_PRIORITY, LOWEST_PRIORITY + 1))


class TaskStatus(StrEnum):
    """Where a task is; the last three are final, unless somebody has it retried."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Endurance(msgspec.Struct, frozen=True, kw_only=True):
    """How long an attempt may take and how soon the next one comes, in seconds.

    Pauses double from `first_pause` up to `longest_pause`, each shortened by chance.
    """

    time_limit: float = 600
    first_pause: float = 2
    longest_pause: float = 300


class AgentTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it is shown; `progress` goes from 0 to 1, `error` is free of internals."""

    id: UUID
    organization_id: UUID
    agent_id: UUID | None = None
    created_by_id: UUID | None = None
    task_type: str
    task_data: dict[str, Any]
    status: TaskStatus = TaskStatus.QUEUED
    progress: float = 0.0
    priority: Priority = 5
    scheduled_at: datetime | None = None
    attempts: int = 0
    max_attempts: int = 3
    result: dict[str, Any] | None = None
    error: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Task(AgentTask, frozen=True, kw_only=True):
    """A task with all that is needed to do it; the row is the truth, a queue only a hint.

    `ready_at` is when the next attempt may begin. `lease_token` fences an attempt: only its holder
    may write the task until `lease_until`. `steps` is how far the work is, in the words of the
    task's type. Of one `dedupe_key` there is one task in an organization.
    """

    principal: Person | System
    ready_at: datetime
    lease_token: UUID | None = None
    lease_until: datetime | None = None
    steps: bytes | None = None
    dedupe_key: str | None = None

    def shown(self) -> AgentTask:
        """Return what may be shown of it."""
        return AgentTask(**{name: getattr(self, name) for name in AgentTask.__struct_fields__})


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks are asked for; what is None does not matter."""

    status: TaskStatus | None = None
    task_type: str | None = None
    agent_id: UUID | None = None
    created_by_id: UUID | None = None


class TaskHint(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is ready: what a queue carries."""

    task_id: UUID
    organization_id: UUID
    priority: Priority
