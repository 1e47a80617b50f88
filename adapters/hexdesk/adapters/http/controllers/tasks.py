"""Tasks."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tasks import AgentTask, TaskFilter, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.tasks import NewTask

TypeName = Annotated[str, Meta(min_length=1, max_length=200, examples=["api_request"])]


class TaskQuery(ListQuery, frozen=True, kw_only=True):
    """Which tasks."""

    status: TaskStatus | UnsetType = UNSET
    task_type: TypeName | UnsetType = UNSET
    agent_id: UUID | UnsetType = UNSET


NEW_TASK = NewTask(
    task_type="api_request",
    task_data={"text": "Which tickets about the printer are open? Sum them up."},
)


class TasksController(Controller):
    """Work that nobody waits for."""

    path = "/tasks"
    tags = ["Tasks"]

    @get(opt=call(Right.USE_TASKS, query=TaskQuery))
    async def list_tasks(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[TaskQuery],
    ) -> Page[AgentTask]:
        """List your tasks; for an admin, all of them."""
        return await desk.tasks.list(who, wanted.filled(TaskFilter), wanted.part())

    @post(status_code=202, opt=call(Right.USE_TASKS, once=Once.ANSWER, example=NEW_TASK))
    async def create_task(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewTask],
    ) -> AgentTask:
        """Have something done while you do not wait.

        What `task_data` holds depends on the type. The task acts for you: whatever it does, you
        might have done.
        """
        return await once.tasks.create(who, data)

    @get("/{task_id:uuid}", opt=call(Right.USE_TASKS))
    async def get_task(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        task_id: FromPath[UUID],
    ) -> AgentTask:
        """Show a task, how far it is and what came of it."""
        return await desk.tasks.get(who, task_id)

    @post(
        "/{task_id:uuid}/cancel",
        status_code=200,
        opt=call(Right.USE_TASKS, once=Once.ANSWER, also=(409,)),
    )
    async def cancel_task(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        task_id: FromPath[UUID],
    ) -> AgentTask:
        """Stop a task, also one that is under way; one that has ended is 409."""
        return await once.tasks.cancel(who, task_id)

    @post(
        "/{task_id:uuid}/retry",
        status_code=200,
        opt=call(Right.USE_TASKS, once=Once.ANSWER, also=(409,)),
    )
    async def retry_task(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        task_id: FromPath[UUID],
    ) -> AgentTask:
        """Have a task tried again that failed or was cancelled; any other is 409.

        It has all its attempts again, and goes on from where it got.
        """
        return await once.tasks.retry(who, task_id)
