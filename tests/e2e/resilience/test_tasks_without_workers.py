"""Where there is no Redis there are no workers: the API does tasks itself."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.example_tasks import a_task
from tests.database import Database
from tests.e2e.resilience.apart import apart
from tests.e2e.resilience.model import Model, echo
from tests.e2e.resilience.processes import LOOK_AGAIN_SECONDS, running

DEADLINE_SECONDS = 60


@pytest.fixture
async def company(desk_database: Database) -> AsyncGenerator[Company]:
    """An organization with an agent."""
    async with PostgresStorage.open(desk_database.url) as storage:
        company = await a_company(storage)
        async with company.transaction() as tx:
            await tx.agents.add(examples.an_agent(company.organization.id))
        yield company


async def test_an_api_without_redis_does_tasks_itself(
    process_folder: Path, desk_database: Database, model: Model, company: Company
) -> None:
    model.when("Say something.", echo)
    working = apart(
        "api",
        process_folder / "working-api",
        desk_database,
        model,
        HEXDESK_WORKER_CONCURRENCY="2",
        HEXDESK_HEALTH_CHECK="0",
    )
    async with running(working):
        task = await stored(company, "Say something.")
        async with asyncio.timeout(DEADLINE_SECONDS):
            while task.status in {TaskStatus.QUEUED, TaskStatus.RUNNING}:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                async with company.transaction() as tx:
                    task = await tx.tasks.get(task.id)
        working.terminate()
        assert await working.exit_code() == 0
    assert task.status is TaskStatus.SUCCEEDED
    assert task.result is not None
    assert task.result["text"] == "You said: Say something."
    assert len(model.requests("Say something.")) == 1


async def stored(company: Company, text: str) -> Task:
    """Store a task that is ready in a moment, as if a process had died before it told anybody."""
    task = a_task(
        company.organization.id,
        principal=company.who,
        task_type="api_request",
        task_data={"text": text},
        ready_at=SystemClock().now() + timedelta(seconds=1),
    )
    async with company.transaction() as tx:
        return await tx.tasks.add(task)
