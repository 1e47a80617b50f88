"""Tasks as people see them: having something done, looking how far it is, stopping it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, InvalidError, NotFoundError
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Member, Person, Principal, System
from hexdesk.core.model.tasks import AgentTask, Priority, Task, TaskFilter, TaskStatus
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.mistakes import invalid
from hexdesk.core.policy.rights import Right, may, require, sees_task
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.organizations import check_agent
from hexdesk.core.use_cases.task_types import TaskType, TaskTypes

DATA = "/task_data"
OPEN = (TaskStatus.QUEUED, TaskStatus.RUNNING)
RETRIABLE = (TaskStatus.FAILED, TaskStatus.CANCELLED)


class NewTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done; what `task_data` holds depends on the type.

    A task that is scheduled begins no earlier; a moment in the past is at once.
    """

    task_type: Annotated[
        str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")
    ]
    task_data: dict[str, Any]
    agent_id: UUID | None = None
    priority: Priority = 5
    scheduled_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """Have something done by whoever has time, for the caller and with the caller's rights."""

    storage: Storage
    clock: Clock
    types: TaskTypes

    async def __call__(self, who: Person | System, wish: NewTask) -> AgentTask:
        """Return the task; raise `InvalidError` for an unknown type, or data that do not fit it."""
        require(who, Right.USE_TASKS)
        kind, right = self._kind(wish.task_type)
        require(who, right)
        try:
            data = msgspec.convert(wish.task_data, kind.data)
        except msgspec.ValidationError as error:
            raise invalid(error, within=DATA) from error
        now, scheduled_at = self.clock.now(), _in_utc(wish.scheduled_at)
        task = Task(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            agent_id=wish.agent_id,
            created_by_id=who.user_id if isinstance(who, Member) else None,
            task_type=kind.name,
            # As it comes back from storage, with lists for tuples.
            task_data=msgspec.json.decode(msgspec.json.encode(data)),
            priority=wish.priority,
            scheduled_at=scheduled_at,
            max_attempts=wish.max_attempts,
            created_at=now,
            principal=who,
            ready_at=max(now, scheduled_at or now),
        )
        async with self.storage.transaction(who) as tx:
            if wish.agent_id:
                await check_agent(tx, wish.agent_id)
            await _check_data(kind, tx, who, data)
            return (await tx.tasks.add(task)).shown()

    def _kind(self, name: str) -> tuple[TaskType, Right]:
        kind = self.types.get(name)
        if kind is None or kind.right is None:
            known = ", ".join(sorted(one.name for one in self.types.values() if one.right))
            message = f"unknown type {name!r}; known are {known}"
            raise InvalidError(message, pointer="/task_type")
        return kind, kind.right


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTask:
    """Show a task."""

    storage: Storage

    async def __call__(self, who: Principal, task_id: UUID) -> AgentTask:
        """Return the task."""
        require(who, Right.USE_TASKS)
        async with self.storage.transaction(who) as tx:
            return (await _visible(tx, who, task_id)).shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTasks:
    """Show the tasks that exist for the caller."""

    storage: Storage

    async def __call__(self, who: Member, wanted: TaskFilter, part: Slice) -> Page[AgentTask]:
        """Return a part of the list: a member's own, or all of them."""
        require(who, Right.USE_TASKS)
        check_sort(AgentTask, part.sort)
        if not may(who, Right.SEE_ALL_TASKS):
            wanted = replace(wanted, created_by_id=who.user_id)
        async with self.storage.transaction(who) as tx:
            page = await tx.tasks.page(wanted, part)
        return Page[AgentTask](
            data=tuple(task.shown() for task in page.data),
            total=page.total,
            limit=page.limit,
            offset=page.offset,
            total_is_exact=page.total_is_exact,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTask:
    """Stop a task, also one that is under way."""

    storage: Storage
    clock: Clock
    types: TaskTypes

    async def __call__(self, who: Principal, task_id: UUID) -> AgentTask:
        """Return the task, cancelled; raise `ConflictError` for one that has ended.

        Whoever is at it has lost it from that moment on, and finds out within seconds.
        """
        require(who, Right.USE_TASKS)
        async with self.storage.transaction(who) as tx:
            task = await _visible(tx, who, task_id, lock=True)
            if task.status not in OPEN:
                raise ConflictError(f"the task has ended: it is {task.status}")
            cancelled = replace(
                task,
                status=TaskStatus.CANCELLED,
                finished_at=self.clock.now(),
                lease_token=None,
                lease_until=None,
            )
            await tx.tasks.update(cancelled)
            kind = self.types.get(task.task_type)
            if kind:
                await kind.give_up(tx, cancelled)
        return cancelled.shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTask:
    """Have a task tried again that failed or was cancelled."""

    storage: Storage
    clock: Clock
    types: TaskTypes

    async def __call__(self, who: Principal, task_id: UUID) -> AgentTask:
        """Return the task, queued anew; raise `ConflictError` for any other.

        It goes on from where it got, under the same id: what it has done is not done again.
        """
        require(who, Right.USE_TASKS)
        async with self.storage.transaction(who) as tx:
            task = await _visible(tx, who, task_id, lock=True)
            kind = self.types.get(task.task_type)
            if kind and kind.right:
                require(who, kind.right)
            if task.status not in RETRIABLE:
                message = f"the task is {task.status}: only failed and cancelled ones are retried"
                raise ConflictError(message)
            retried = replace(
                task,
                status=TaskStatus.QUEUED,
                attempts=0,
                error=None,
                ready_at=self.clock.now(),
                started_at=None,
                finished_at=None,
            )
            await tx.tasks.update(retried)
        return retried.shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBoard:
    """Work that nobody waits for, as people see it."""

    create: CreateTask
    get: GetTask
    list: ListTasks
    cancel: CancelTask
    retry: RetryTask

    @classmethod
    def of(cls, storage: Storage, clock: Clock, types: TaskTypes) -> "TaskBoard":
        """Return the board of these types of tasks."""
        return cls(
            create=CreateTask(storage=storage, clock=clock, types=types),
            get=GetTask(storage=storage),
            list=ListTasks(storage=storage),
            cancel=CancelTask(storage=storage, clock=clock, types=types),
            retry=RetryTask(storage=storage, clock=clock, types=types),
        )


async def _visible(tx: Transaction, who: Principal, task_id: UUID, *, lock: bool = False) -> Task:
    task = await tx.tasks.get(task_id, lock=lock)
    if not sees_task(who, task):
        raise NotFoundError(f"no task {task_id}")
    return task


async def _check_data(kind: TaskType, tx: Transaction, who: Person | System, data: Any) -> None:
    try:
        await kind.check(tx, who, data)
    except InvalidError as error:
        raise InvalidError(str(error), pointer=DATA + error.pointer) from error


def _in_utc(moment: datetime | None) -> datetime | None:
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError("is not a moment that can be kept", pointer="/scheduled_at") from error
