"""Tasks, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tasks import Task, TaskFilter
from hexdesk.core.ports.task_records import Tasks
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

TASKS = RecordTable(Task, "agent_tasks", called="task")


def _announced(ready_at: str) -> str:
    """Say when a task is announced next: its first hint is sent by whoever stores it ready."""
    return f"CASE WHEN {ready_at} <= now() THEN now() + 10000000 ELSE {ready_at} END"


_places = ", ".join(f"?{place}" for place, _ in enumerate(TASKS.written, 1))
_ready_at = f"?{TASKS.written.index('ready_at') + 1}"
ADD_TASK = f"""
    INSERT INTO main.agent_tasks ({", ".join(TASKS.written)}, announce_at)
    VALUES ({_places}, {_announced(_ready_at)})
    ON CONFLICT (organization_id, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
"""  # noqa: S608  names of columns
_changed_at = f"?{TASKS.changed.index('ready_at') + 2}"
_again = f", announce_at = {_announced(_changed_at)}, announcements = 0"
UPDATE_TASK = f"""
    {TASKS.update_of(*TASKS.changed, also=_again)} AND id = ?1
"""
CLAIM = f"""
    UPDATE main.agent_tasks
    SET status = 'running', lease_token = ?2, lease_until = ?3, attempts = attempts + 1,
        started_at = coalesce(started_at, now()), announce_at = ?3, announcements = 0
    WHERE {OURS} AND id = ?1 AND attempts < max_attempts AND (
        (status = 'queued' AND ready_at <= now()) OR (status = 'running' AND lease_until <= now())
    )
    RETURNING {TASKS.listed}
"""  # noqa: S608  names of columns
_IF_LEASED = f"WHERE {OURS} AND id = ?1 AND lease_token = ?2 AND status = 'running'"
RENEW = f"""
    UPDATE main.agent_tasks
    SET lease_until = ?3, announce_at = ?3, announcements = 0,
        progress = coalesce(?4, progress), steps = coalesce(?5, steps)
    {_IF_LEASED}
"""  # noqa: S608  words of ours
SETTLE = f"""
    UPDATE main.agent_tasks
    SET status = ?3, progress = ?4, result = ?5, error = ?6, ready_at = ?7, finished_at = ?8,
        steps = ?9, attempts = ?10, lease_token = NULL, lease_until = NULL, announce_at = ?7,
        announcements = 0
    {_IF_LEASED}
"""  # noqa: S608  words of ours
# Somebody else may have announced or claimed it since it was found. 10, 20, 40, 60, 60, … s.
ANNOUNCE = f"""
    UPDATE main.agent_tasks
    SET announcements = announcements + 1,
        announce_at = now() + min(10 << min(announcements, 3), 60) * 1000000
    WHERE {OURS} AND id IN (SELECT value FROM json_each(?1))
        AND status IN ('queued', 'running') AND announce_at <= now()
    RETURNING id
"""  # noqa: S608  words of ours


@dataclass(slots=True)
class SqliteTasks(Tasks):
    """The tasks of a transaction's organization."""

    bound: BoundConnection

    async def add(self, task: Task) -> Task:
        if await self.bound.change(ADD_TASK, *TASKS.written_values(task)):
            return task
        found = await TASKS.find(self.bound, "dedupe_key = ?1", task.dedupe_key)
        if found is None:
            raise TASKS.not_found(task.dedupe_key)
        return found

    async def get(self, task_id: UUID, *, lock: bool = False) -> Task:
        return await TASKS.get(self.bound, task_id, lock=lock)

    async def page(self, wanted: TaskFilter, part: Slice) -> Page[Task]:
        conditions = Conditions()
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("task_type = {}", wanted.task_type)
        conditions.add_known("agent_id = {}", wanted.agent_id)
        conditions.add_known("created_by_id = {}", wanted.created_by_id)
        return await TASKS.page(self.bound, part, conditions)

    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        row = await self.bound.row(CLAIM, task_id, lease_token, lease_until)
        return None if row is None else TASKS.read(row)

    async def renew(
        self,
        task_id: UUID,
        lease_token: UUID,
        lease_until: datetime,
        *,
        progress: float | None = None,
        steps: bytes | None = None,
    ) -> bool:
        values = (task_id, lease_token, lease_until, progress, steps)
        return await self.bound.change(RENEW, *values) == 1

    async def settle(self, task: Task) -> bool:
        return await self.bound.change(SETTLE, task.id, task.lease_token, *_end(task)) == 1

    async def update(self, task: Task) -> None:
        if not await self.bound.change(UPDATE_TASK, *TASKS.changed_values(task)):
            raise TASKS.not_found(task.id)


def _end(task: Task) -> tuple[Any, ...]:
    how = (task.status, task.progress, TASKS.write("result", task.result), task.error)
    return (*how, task.ready_at, task.finished_at, task.steps, task.attempts)


async def mark_announced(bound: BoundConnection, task_ids: Sequence[UUID]) -> set[UUID]:
    """Note that those of the tasks that are still due are announced, and return which."""
    return {UUID(row[0]) for row in await bound.rows(ANNOUNCE, list(task_ids))}
