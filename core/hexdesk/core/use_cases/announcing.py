"""Telling workers of the tasks that a transaction has stored, once it is committed."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import Task, TaskFilter, TaskHint, TaskStatus
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.queue import Queue
from hexdesk.core.ports.storage import Backlog, Directory, Storage, Transaction
from hexdesk.core.ports.task_records import Tasks

log = logging.getLogger("hexdesk.tasks")


def hint_of(task: Task) -> TaskHint:
    """Return what a queue carries of a task."""
    return TaskHint(task_id=task.id, organization_id=task.organization_id, priority=task.priority)


async def tell(queue: Queue, hints: Sequence[TaskHint]) -> bool:
    """Tell workers of tasks, and whether they heard; if not, the sweep announces them later."""
    if not hints:
        return True
    try:
        await queue.announce(hints)
    except UnavailableError as error:
        log.warning("tasks not announced", extra={"count": len(hints), "reason": str(error)})
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncingStorage(Storage):
    """A storage that announces the tasks of each transaction when that is committed, not before.

    So a use case only stores its tasks, and it makes no difference whose transaction it joins.
    """

    storage: Storage
    clock: Clock
    queue: Queue

    @property
    def directory(self) -> Directory:
        """Look-ups outside of any organization, as ever."""
        return self.storage.directory

    @property
    def backlog(self) -> Backlog:
        """What waits in any organization, as ever."""
        return self.storage.backlog

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        """Open a transaction, and announce what it has stored when it is over."""
        async with self.storage.transaction(who) as tx:
            tx.tasks = noted = NotedTasks(tasks=tx.tasks)
            yield tx
        await tell(self.queue, [hint_of(task) for task in noted.ready(self.clock.now())])


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedTasks(Tasks):
    """Tasks that remember which of them were stored here, and how."""

    tasks: Tasks
    stored: dict[UUID, Task] = field(default_factory=dict[UUID, Task])

    def ready(self, now: datetime) -> list[Task]:
        """Return those that were stored and can be done."""
        return [
            task
            for task in self.stored.values()
            if task.status is TaskStatus.QUEUED and task.ready_at <= now
        ]

    async def add(self, task: Task) -> Task:
        """Store a task, and note it unless there was one already."""
        added = await self.tasks.add(task)
        if added.id == task.id:
            self.stored[task.id] = task
        return added

    async def get(self, task_id: UUID, *, lock: bool = False) -> Task:
        """Return the task."""
        return await self.tasks.get(task_id, lock=lock)

    async def page(self, wanted: TaskFilter, part: Slice) -> Page[Task]:
        """Return a part of the list."""
        return await self.tasks.page(wanted, part)

    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        """Begin an attempt."""
        return await self.tasks.claim(task_id, lease_token, lease_until)

    async def renew(
        self,
        task_id: UUID,
        lease_token: UUID,
        lease_until: datetime,
        *,
        progress: float | None = None,
        steps: bytes | None = None,
    ) -> bool:
        """Hold the lease for longer."""
        return await self.tasks.renew(
            task_id, lease_token, lease_until, progress=progress, steps=steps
        )

    async def settle(self, task: Task) -> bool:
        """Store how an attempt ended."""
        return await self.tasks.settle(task)

    async def update(self, task: Task) -> None:
        """Store what changed, and note it."""
        await self.tasks.update(task)
        self.stored[task.id] = task
