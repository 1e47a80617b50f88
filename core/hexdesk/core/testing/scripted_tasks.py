"""A type of tasks that does as it is told."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from hexdesk.core.errors import DeskError, InvalidError
from hexdesk.core.model.principals import Person, System
from hexdesk.core.model.tasks import Task
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.task_types import Endurance, TaskEnd, TaskType, TaskWork


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to note."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    tags: tuple[str, ...] = ()


@dataclass(kw_only=True)
class ScriptedTaskType(TaskType):
    """Returns what it was given, or fails as the next of `troubles` says.

    `refusal` is what it says of all data. What it was asked to do or to give up is kept.
    """

    name: str = "note"
    data: type[msgspec.Struct] = Note
    right: Right | None = Right.USE_TASKS
    endurance: Endurance = Endurance()
    priority: int = 5
    refusal: InvalidError | None = None
    troubles: list[DeskError] = field(default_factory=list[DeskError])
    checked: list[tuple[Person | System, Any]] = field(
        default_factory=list[tuple[Person | System, Any]]
    )
    tried: list[TaskWork] = field(default_factory=list[TaskWork])
    given_up: list[Task] = field(default_factory=list[Task])

    async def check(self, tx: Transaction, who: Person | System, data: Any) -> None:
        """Keep the data, and refuse them if told so."""
        self.checked.append((who, data))
        if self.refusal:
            raise self.refusal

    async def run(self, work: TaskWork) -> TaskEnd:
        """Return the data as the result."""
        self.tried.append(work)
        if self.troubles:
            raise self.troubles.pop(0)
        return TaskEnd(result=work.task.task_data)

    async def give_up(self, tx: Transaction, task: Task) -> None:
        """Keep what was given up."""
        self.given_up.append(task)
