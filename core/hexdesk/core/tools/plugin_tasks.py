"""Types of tasks that plugins bring."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, get_type_hints

import msgspec

from hexdesk.core.errors import TaskFailedError
from hexdesk.core.model.principals import Member, Person, System
from hexdesk.core.model.tasks import Endurance, Priority
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.storage import Storage
from hexdesk.core.tools.context import BUILTIN, TaskContext, ToolNeeds
from hexdesk.core.use_cases.standing import as_of_now
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork

RunTask = Callable[[TaskContext, Any], Awaitable[object]]
USUAL_PRIORITY = 5
USUAL_ENDURANCE = Endurance()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginTask:
    """A type of task: `takes` is the Struct of its data; what `run` returns is its result.

    With `right` None nobody may ask for one by the API. `source` is the plugin that brings it, and
    `settings` that plugin's own: the host fills both in.
    """

    name: str
    description: str
    takes: type[msgspec.Struct]
    run: RunTask
    right: Right | None = Right.USE_TASKS
    endurance: Endurance = USUAL_ENDURANCE
    priority: Priority = USUAL_PRIORITY
    source: str = BUILTIN
    settings: Any = None


def task_type(
    *,
    right: Right | None = Right.USE_TASKS,
    endurance: Endurance = USUAL_ENDURANCE,
    priority: Priority = USUAL_PRIORITY,
) -> Callable[[RunTask], PluginTask]:
    """Turn `async def name(context: TaskContext, data: SomeStruct) -> SomeResult` into a type.

    Each attempt is made as whoever asked for it is by then: a task of somebody who was removed,
    or who may no longer ask for it, fails.

    Its result is a Struct or a dict, or None. Raise `TaskFailedError` for what no further attempt
    would change; whatever else is raised is tried again, as `endurance` says.
    """

    def made(run: RunTask) -> PluginTask:
        return PluginTask(
            name=run.__name__,
            description=cleandoc(run.__doc__ or ""),
            takes=get_type_hints(run)["data"],
            run=run,
            right=right,
            endurance=endurance,
            priority=priority,
        )

    return made


@dataclass(frozen=True, kw_only=True)
class RunPluginTask(TaskType):
    """A plugin's type of task, as the desk does it."""

    task: PluginTask
    name: str
    data: type[msgspec.Struct]
    right: Right | None
    endurance: Endurance
    priority: int
    storage: Storage
    needs: ToolNeeds

    @classmethod
    def of(cls, task: PluginTask, storage: Storage, needs: ToolNeeds) -> "RunPluginTask":
        """Make it from what the plugin says."""
        return cls(
            task=task,
            name=task.name,
            data=task.takes,
            right=task.right,
            endurance=task.endurance,
            priority=task.priority,
            storage=storage,
            needs=needs,
        )

    async def run(self, work: TaskWork) -> TaskEnd:
        context = TaskContext(
            who=await self._as_of_now(work.task.principal),
            storage=self.storage,
            needs=self.needs,
            source=self.task.source,
            settings=self.task.settings,
            task_id=work.task.id,
            report=work.report,
        )
        try:
            made = await self.task.run(context, work.data)
        except SystemExit as error:
            # It would end the worker, and every other task with it.
            raise RuntimeError(f"{self.name} called sys.exit") from error
        # As it comes back from storage, with lists for tuples.
        result = msgspec.json.decode(msgspec.json.encode({} if made is None else made))
        try:
            return TaskEnd(result=msgspec.convert(result, dict[str, Any]))
        except msgspec.ValidationError as error:
            words = f"{self.name} returned something else than a Struct or a dict"
            raise TaskFailedError(words) from error

    async def _as_of_now(self, who: Person | System) -> Person | System:
        """Return for whom it is done; raise what fails the task if that is gone, or may not."""
        if isinstance(who, Member):
            async with self.storage.transaction(System(organization_id=who.organization_id)) as tx:
                now = await as_of_now(tx, who)
            if now is None:
                raise TaskFailedError("whoever asked for it is not there any more")
            who = now
        if self.right:
            require(who, self.right)
        return who
