"""Records of tasks."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tasks import Task, TaskFilter


class Tasks(Protocol):
    """The organization's tasks: each is done by one process at a time, held by a lease."""

    @abstractmethod
    async def add(self, task: Task) -> Task:
        """Store a task and return it; if there is one with its `dedupe_key`, return that one."""

    @abstractmethod
    async def get(self, task_id: UUID, *, lock: bool = False) -> Task:
        """Return the task; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def page(self, wanted: TaskFilter, part: Slice) -> Page[Task]:
        """Return a part of the list."""

    @abstractmethod
    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        """Begin an attempt: running, held until then, one attempt more.

        None if there is no such task, or it is not ready, is held by somebody, has no attempts
        left, or has ended. A task whose lease is over can be claimed. `started_at` is when its
        first attempt began.
        """

    @abstractmethod
    async def renew(
        self,
        task_id: UUID,
        lease_token: UUID,
        lease_until: datetime,
        *,
        progress: float | None = None,
        steps: bytes | None = None,
    ) -> bool:
        """Hold the lease for longer, and store how far the work is, where that is given.

        False, and nothing stored, if it is somebody else's by now, has ended, or was cancelled.
        """

    @abstractmethod
    async def settle(self, task: Task) -> bool:
        """Store how an attempt ended and let go of the lease; False without the lease.

        The lease is that of the task's `lease_token`. Stored are `status`, `attempts`,
        `progress`, `result`, `error`, `ready_at`, `finished_at` and `steps`.
        """

    @abstractmethod
    async def update(self, task: Task) -> None:
        """Store what changed, whoever holds the lease: for a task that was locked before."""
