"""Types of tasks: what their data holds, who may ask for them, and how they are done."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from hexdesk.core.model.principals import Person, System
from hexdesk.core.model.tasks import Endurance, Task
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.storage import Transaction

BUILTIN_TASK_TYPES = frozenset(
    {
        "api_request",
        "attached_tools",
        "blob_removal",
        "channel_delivery",
        "channel_message",
        "email",
        "file_processing",
        "health_check",
        "slack_message",
        "webhook_delivery",
    }
)
"""The names of the types that the desk has itself."""

Store = Callable[[Transaction], Awaitable[None]]


class TaskEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt came to; `store` is part of the transaction that ends the task.

    A task with `again_at` does not end: it begins anew then, with all its attempts, and from
    `steps` if there are any.
    """

    result: dict[str, Any] = {}
    store: Store | None = None
    again_at: datetime | None = None
    steps: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWork:
    """One attempt: the task, its data, and ways to say how far it is.

    `report` takes a number from 0 to 1; `save` keeps steps from which the next attempt goes on,
    and is awaited before anything with an effect is done. Both raise `TaskLostError` if the task
    is somebody else's by now.
    """

    task: Task
    data: Any
    report: Callable[[float], Awaitable[None]]
    save: Callable[[bytes], Awaitable[None]]


class TaskType(Protocol):
    """One type of task: `data` is the Struct of its data.

    With `right` None no caller may ask for one: the desk makes them itself. `priority` is that of
    a task that the desk makes.
    """

    name: str
    data: type[msgspec.Struct]
    right: Right | None
    endurance: Endurance
    priority: int

    async def check(self, tx: Transaction, who: Person | System, data: Any) -> None:
        """Raise `InvalidError` for data that names what does not exist for the caller.

        Its pointer leads to the place within the data.
        """
        return

    @abstractmethod
    async def run(self, work: TaskWork) -> TaskEnd:
        """Do the work; no transaction is open.

        What it raises ends the attempt: `TaskFailedError`, `InvalidError`, `ForbiddenError` and
        `NotFoundError` the task too, since another attempt would end alike.
        """

    async def give_up(self, tx: Transaction, task: Task) -> None:
        """Store what follows from a task that has failed for good or was cancelled."""
        return


TaskTypes = Mapping[str, TaskType]
"""The types there are, by name."""
