"""Tasks for tests that are stored already, and the claiming of them."""

from typing import Any

from hexdesk.core.model.tasks import Task
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.example_tasks import a_task


async def stored(company: Company, **changes: Any) -> Task:
    """Store a task that is ready, and return it."""
    async with company.transaction() as transaction:
        return await transaction.tasks.add(a_task(company.organization.id, **changes))


async def claimed(company: Company, task: Task, until: Any = examples.FAR_AHEAD) -> Task | None:
    """Try to claim a task, in a transaction of its own."""
    async with company.transaction() as transaction:
        return await transaction.tasks.claim(task.id, examples.new_id(), until)


async def at_work(company: Company, until: Any = examples.FAR_AHEAD, **changes: Any) -> Task:
    """Return a task that somebody has claimed."""
    task = await claimed(company, await stored(company, **changes), until)
    assert task is not None
    return task
