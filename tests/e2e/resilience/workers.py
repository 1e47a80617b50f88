"""`hexdesk worker` as a process of its own, and tasks for it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.tasks import Task, TaskFilter, TaskStatus
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.example_tasks import a_task
from tests.database import Database
from tests.e2e.resilience.apart import SECRET
from tests.e2e.resilience.processes import HEXDESK, LOOK_AGAIN_SECONDS, READY_SECONDS, Hexdesk
from tests.openai_server import ChatRequest, OpenAIServer, Reply, ToolCall
from tests.valkey_server import ValkeyServer

UNFINISHED = (TaskStatus.QUEUED, TaskStatus.RUNNING)
READY = "worker ready"
MANY = 20


class Worker(Hexdesk):
    """A worker; it is ready when it says so, since it listens nowhere."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        valkey: ValkeyServer,
        model: OpenAIServer,
        **settings: str,
    ) -> None:
        told = {
            "HEXDESK_DATABASE_URL": database.url,
            "HEXDESK_SECRET_KEY": SECRET,
            "HEXDESK_REDIS_URL": valkey.url,
            "HEXDESK_HEALTH_CHECK": "0",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "a key",
        }
        super().__init__("worker", folder, told | settings)
        self._command = [HEXDESK, "worker", "--concurrency", "8"]

    async def start(self) -> None:
        """Start it, and wait until it works."""
        earlier = self._times_ready()
        self._launch()
        deadline = time.monotonic() + READY_SECONDS
        while self.is_running and time.monotonic() < deadline:
            if self._times_ready() > earlier:
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise self.never_ready()

    def _times_ready(self) -> int:
        return self.log.read_text(encoding="utf-8").count(READY) if self.log.exists() else 0


def filing(request: ChatRequest) -> Reply:
    """Open one ticket, named as the person says, and say so."""
    if request.brings_tool_result:
        return Reply(text="The ticket is open.")
    title = str(request.messages[-1]["content"])
    return Reply(tool_calls=(ToolCall(name="create_ticket", arguments={"title": title}),))


@asynccontextmanager
async def storage_of(database: Database) -> AsyncGenerator[Storage]:
    """Return the storage that the processes share."""
    async with PostgresStorage.open(database.url) as storage:
        yield storage


async def company_with_agent(storage: Storage) -> Company:
    """Store an organization whose agent may open tickets."""
    company = await a_company(storage)
    async with company.transaction() as tx:
        await tx.agents.add(examples.an_agent(company.organization.id))
    return company


async def requests_for(company: Company, titles: Sequence[str]) -> None:
    """Store a task for each title: to open a ticket of that name."""
    now = examples.NOON
    async with company.transaction() as tx:
        for title in titles:
            await tx.tasks.add(
                a_task(
                    company.organization.id,
                    principal=company.who,
                    task_type="api_request",
                    task_data={"text": title},
                    created_by_id=company.admin.id,
                    max_attempts=MANY,
                    ready_at=now,
                )
            )


async def tasks_of(company: Company, *statuses: TaskStatus) -> int:
    """Count the tasks in these states."""
    count = 0
    async with company.transaction() as tx:
        for status in statuses:
            page = await tx.tasks.page(TaskFilter(status=status), Slice(limit=1))
            count += page.total
    return count


async def all_ended(company: Company, within: float) -> None:
    """Wait until no task is left to do."""
    async with asyncio.timeout(within):
        left = await tasks_of(company, *UNFINISHED)
        while left:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            left = await tasks_of(company, *UNFINISHED)


async def every_task(company: Company) -> list[Task]:
    """Return all tasks."""
    tasks: list[Task] = []
    while True:
        part = Slice(limit=200, offset=len(tasks))
        async with company.transaction() as tx:
            page = await tx.tasks.page(TaskFilter(), part)
        tasks += page.data
        if len(tasks) >= page.total:
            return tasks
