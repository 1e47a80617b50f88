"""What is due is found at a cost that does not grow with what has been done."""

import json
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from hexdesk.core.model.tasks import Task
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.stored_tasks import stored
from tests.database import Database

MANY_TASKS = """
    INSERT INTO agent_tasks (
        organization_id, id, task_type, task_data, status, progress, priority, attempts,
        max_attempts, created_at, finished_at, principal, ready_at, announce_at
    )
    SELECT $1, gen_random_uuid(), 'note', '{}', $2, 1, n % 10, 1, 3, now(), now(),
        '{"type": "system"}', now(), now() - interval '1 minute'
    FROM generate_series(1, 100000) AS n
"""
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM find_due_tasks(100)"
MOST_PAGES = 600  # a hundred of each priority, and the way down to them
MAKE_DUE = "UPDATE agent_tasks SET announce_at = now() - interval '1 ms' WHERE id = $1"
PAUSE = "SELECT extract(epoch FROM announce_at - now())::float FROM agent_tasks WHERE id = $1"


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def company(storage: Storage) -> Company:
    """Return an organization."""
    return await a_company(storage)


@pytest.fixture
async def task(company: Company) -> Task:
    """Return a task that is ready."""
    return await stored(company)


@pytest.mark.parametrize("status", ["succeeded", "queued"])
async def test_a_look_at_what_is_due_reads_little_however_many_tasks_there_are(
    superuser: asyncpg.Connection, company: Company, status: str
) -> None:
    await superuser.execute(MANY_TASKS, company.organization.id, status)
    await superuser.execute("ANALYZE agent_tasks")
    await superuser.execute("VACUUM agent_tasks")
    await superuser.execute(EXPLAIN)  # plans are made once
    [plan] = json.loads(await superuser.fetchval(EXPLAIN))
    root = plan["Plan"]
    assert root["Actual Rows"] == (100 if status == "queued" else 0)
    assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] < MOST_PAGES


async def test_a_task_that_nobody_claims_is_announced_ever_less_often(
    storage: Storage, superuser: asyncpg.Connection, task: Task
) -> None:
    pauses: list[int] = []
    for _ in range(6):
        pauses.append(round(await superuser.fetchval(PAUSE, task.id)))
        await superuser.execute(MAKE_DUE, task.id)
        assert [hint.task_id for hint in await storage.backlog.due_tasks(10)] == [task.id]
    assert pauses == [10, 10, 20, 40, 60, 60]


async def test_a_claim_begins_the_pauses_anew(
    storage: Storage, superuser: asyncpg.Connection, company: Company, task: Task
) -> None:
    for _ in range(3):
        await superuser.execute(MAKE_DUE, task.id)
        await storage.backlog.due_tasks(10)
    async with company.transaction() as transaction:
        await transaction.tasks.claim(task.id, examples.new_id(), examples.LONG_AGO)
    assert [hint.task_id for hint in await storage.backlog.due_tasks(10)] == [task.id]
    assert round(await superuser.fetchval(PAUSE, task.id)) == 10


async def test_a_task_that_somebody_is_changing_is_announced_another_time(
    storage: Storage, superuser: asyncpg.Connection, company: Company, task: Task
) -> None:
    await superuser.execute(MAKE_DUE, task.id)
    async with company.transaction() as transaction:
        await transaction.tasks.get(task.id, lock=True)
        assert await storage.backlog.due_tasks(10) == []
    assert [hint.task_id for hint in await storage.backlog.due_tasks(10)] == [task.id]
