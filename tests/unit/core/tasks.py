"""Tasks for tests: made, stored, done by a desk that is told how."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.principals import Person, System
from hexdesk.core.model.tasks import Endurance, Task, TaskHint
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.task_desk import TaskDesk
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene

ENDURANCE = Endurance(time_limit=5, first_pause=2, longest_pause=60)
Part = TaskEnd | Exception | Callable[[TaskWork], Awaitable[object]]


class Anything(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data that a scripted type takes."""

    word: str = ""


@dataclass(kw_only=True)
class Scripted(TaskType):
    """A type whose attempts go as told: called, raised, or returned; it notes what it was given."""

    parts: list[Part] = field(default_factory=list[Part])
    given_up: list[Task] = field(default_factory=list[Task])
    works: list[TaskWork] = field(default_factory=list[TaskWork])
    name: str = "scripted"
    data: type[msgspec.Struct] = Anything
    right: Right | None = Right.USE_TASKS
    endurance: Endurance = ENDURANCE
    priority: int = 5

    async def run(self, work: TaskWork) -> TaskEnd:
        self.works.append(work)
        while self.parts:
            part = self.parts.pop(0)
            if isinstance(part, TaskEnd):
                return part
            if isinstance(part, Exception):
                raise part
            await part(work)
        return TaskEnd()

    async def give_up(self, tx: Transaction, task: Task) -> None:
        self.given_up.append(task)


def desk_of(scene: Scene, *types: TaskType) -> TaskDesk:
    """Return the scene's task desk with other types."""
    return replace(scene.desk.task_desk, types={one.name: one for one in types})


async def add(scene: Scene, who: Person | System, **fields: Any) -> Task:
    """Store a task."""
    now = scene.clock.now()
    wanted: dict[str, Any] = {
        "id": scene.clock.new_id(),
        "organization_id": who.organization_id,
        "task_type": "scripted",
        "task_data": {},
        "created_at": now,
        "ready_at": now,
        "principal": who,
    }
    task = Task(**(wanted | fields))
    async with scene.fakes.memory.transaction(who) as tx:
        return await tx.tasks.add(task)


async def stored(scene: Scene, task: Task) -> Task:
    """Return the task as it is now."""
    async with scene.fakes.memory.transaction(System(organization_id=task.organization_id)) as tx:
        return await tx.tasks.get(task.id)


def hint(task: Task) -> TaskHint:
    """Return what a queue carries of the task."""
    return TaskHint(task_id=task.id, organization_id=task.organization_id, priority=task.priority)


async def do(desk: TaskDesk, task: Task) -> None:
    """Make an attempt."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await desk.do(hint(task))


def unknown() -> UUID:
    """Return an id that nothing has."""
    return UUID(int=1)
