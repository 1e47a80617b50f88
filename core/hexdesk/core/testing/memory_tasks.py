"""Tasks, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tasks import Task, TaskFilter, TaskHint, TaskStatus
from hexdesk.core.ports.task_records import Tasks
from hexdesk.core.testing.memory_records import (
    Announcing,
    Draft,
    Installation,
    Records,
    found,
    page_of,
)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(seconds=60)
MOST_DOUBLINGS = 3


@dataclass(frozen=True)
class MemoryTasks(Tasks):
    """The tasks in a draft."""

    draft: Draft

    async def add(self, task: Task) -> Task:
        records = await self.draft.to_write()
        for kept in records.tasks.values():
            if task.dedupe_key is not None and kept.dedupe_key == task.dedupe_key:
                return kept
        if task.agent_id is not None:
            found(records.agents, task.agent_id, "agent")
        if task.created_by_id is not None:
            found(records.users, task.created_by_id, "user")
        records.tasks[task.id] = task
        records.announcing[task.id] = self._announced(task)
        return task

    async def get(self, task_id: UUID, *, lock: bool = False) -> Task:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.tasks, task_id, "task")

    async def page(self, wanted: TaskFilter, part: Slice) -> Page[Task]:
        tasks = self.draft.records.tasks.values()
        return page_of((task for task in tasks if _fits(task, wanted)), part)

    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        records = await self.draft.to_write()
        task, now = records.tasks.get(task_id), self._now
        if task is None or not _is_free(task, now) or task.attempts >= task.max_attempts:
            return None
        claimed = replace(
            task,
            status=TaskStatus.RUNNING,
            lease_token=lease_token,
            lease_until=lease_until,
            attempts=task.attempts + 1,
            started_at=task.started_at or now,
        )
        records.tasks[task_id] = claimed
        records.announcing[task_id] = Announcing(at=lease_until)
        return claimed

    async def renew(
        self,
        task_id: UUID,
        lease_token: UUID,
        lease_until: datetime,
        *,
        progress: float | None = None,
        steps: bytes | None = None,
    ) -> bool:
        records = await self.draft.to_write()
        task = _leased(records, task_id, lease_token)
        if task is not None:
            records.tasks[task_id] = replace(
                task,
                lease_until=lease_until,
                progress=task.progress if progress is None else progress,
                steps=task.steps if steps is None else steps,
            )
            records.announcing[task_id] = Announcing(at=lease_until)
        return task is not None

    async def settle(self, task: Task) -> bool:
        records = await self.draft.to_write()
        stored = _leased(records, task.id, task.lease_token)
        if stored is not None:
            records.tasks[task.id] = replace(
                stored,
                status=task.status,
                attempts=task.attempts,
                progress=task.progress,
                result=task.result,
                error=task.error,
                ready_at=task.ready_at,
                finished_at=task.finished_at,
                steps=task.steps,
                lease_token=None,
                lease_until=None,
            )
            records.announcing[task.id] = Announcing(at=task.ready_at)
        return stored is not None

    async def update(self, task: Task) -> None:
        records = await self.draft.to_write()
        found(records.tasks, task.id, "task")
        records.tasks[task.id] = task
        records.announcing[task.id] = self._announced(task)

    @property
    def _now(self) -> datetime:
        return self.draft.installation.clock.now()

    def _announced(self, task: Task) -> Announcing:
        is_ready = task.ready_at <= self._now
        return Announcing(at=self._now + FIRST_PAUSE if is_ready else task.ready_at)


def _fits(task: Task, wanted: TaskFilter) -> bool:
    exact = ("status", "task_type", "agent_id", "created_by_id")
    return all(getattr(wanted, name) in (None, getattr(task, name)) for name in exact)


def _is_free(task: Task, now: datetime) -> bool:
    if task.status is TaskStatus.QUEUED:
        return task.ready_at <= now
    return (
        task.status is TaskStatus.RUNNING
        and task.lease_until is not None
        and task.lease_until <= now
    )


def _leased(records: Records, task_id: UUID, lease_token: UUID | None) -> Task | None:
    task = records.tasks.get(task_id)
    if task is None or task.status is not TaskStatus.RUNNING or lease_token is None:
        return None
    return task if task.lease_token == lease_token else None


async def announce_due(installation: Installation, limit: int) -> Sequence[TaskHint]:
    """Return what is due in any organization, and note that it was announced."""
    due = sorted(
        (task.priority, records.announcing[task.id].at, task.id, organization_id)
        for organization_id, records in installation.records.items()
        for task in records.tasks.values()
        if _is_due(records, task, installation.clock.now())
    )
    hints: list[TaskHint] = []
    for _, _, task_id, organization_id in due[:limit]:
        draft = Draft(installation, organization_id)
        try:
            records = await draft.to_write()
            task, now = records.tasks[task_id], installation.clock.now()
            # Somebody may have announced or claimed it while this one waited.
            if _is_due(records, task, now):
                records.announcing[task_id] = _later(records.announcing[task_id], now)
                draft.commit()
                hints.append(
                    TaskHint(
                        task_id=task_id, organization_id=organization_id, priority=task.priority
                    )
                )
        finally:
            draft.end()
    return hints


def _is_due(records: Records, task: Task, now: datetime) -> bool:
    is_open = task.status in (TaskStatus.QUEUED, TaskStatus.RUNNING)
    return is_open and records.announcing[task.id].at <= now


def _later(announcing: Announcing, now: datetime) -> Announcing:
    pause = FIRST_PAUSE * 2 ** min(announcing.count, MOST_DOUBLINGS)
    return Announcing(at=now + min(pause, LONGEST_PAUSE), count=announcing.count + 1)
