"""Workers are killed at any moment and the queue forgets: every task is done, with one effect."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.core.model.listing import Slice
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.testing.companies import Company
from tests.database import Database
from tests.e2e.resilience.processes import LOOK_AGAIN_SECONDS, running
from tests.e2e.resilience.workers import (
    Worker,
    all_ended,
    company_with_agent,
    every_task,
    filing,
    requests_for,
    storage_of,
)
from tests.openai_server import OpenAIServer
from tests.valkey_server import ValkeyServer

TASKS = 500
KILLS = 8
PATIENCE_SECONDS = 110
REDELIVERY_SECONDS = 30
"""What docs/how-to/run-workers.md promises."""
BEGUN_SECONDS = 10
"""The same, of what waited for Redis."""
SWEEPS = 3
SEED = 20261125


@pytest.fixture
async def filing_model() -> AsyncGenerator[OpenAIServer]:
    """A model that opens a ticket for each request."""
    async with OpenAIServer(filing) as server:
        yield server


@pytest.fixture
async def company(desk_database: Database) -> AsyncGenerator[Company]:
    """An organization with an agent, on the database that the workers share."""
    async with storage_of(desk_database) as storage:
        yield await company_with_agent(storage)


async def test_every_task_ends_once_with_one_effect_however_its_workers_die(
    process_folder: Path,
    desk_database: Database,
    valkey: ValkeyServer,
    filing_model: OpenAIServer,
    company: Company,
) -> None:
    chance = random.Random(SEED)  # noqa: S311  the same moments in each run
    pair = tuple(
        Worker(
            process_folder / f"killed-{number}",
            desk_database,
            valkey,
            filing_model,
            HEXDESK_RUN_LEASE="2",
        )
        for number in range(2)
    )
    titles = [f"Ticket of task {number}" for number in range(TASKS)]
    await requests_for(company, titles)
    moments = sorted(chance.sample(range(40, 2 * TASKS - 60), KILLS))
    async with running(*pair):
        for number, moment in enumerate(moments):
            await filing_model.received(moment, within=PATIENCE_SECONDS)
            victim = chance.choice(pair)
            victim.kill()
            if number == KILLS // 2:
                valkey.kill()
                valkey.start()
            await victim.start()
        await all_ended(company, within=PATIENCE_SECONDS)
    tasks = await every_task(company)
    assert Counter(task.status for task in tasks) == {TaskStatus.SUCCEEDED: TASKS}
    assert sum(task.attempts > 1 for task in tasks) > 0, "nobody was killed in the midst of work"
    assert Counter(await titles_of(company)) == dict.fromkeys(titles, 1)
    async with company.transaction() as tx:
        (agent,) = await tx.agents.all()
        counts = await tx.agent_log.count_actions(agent.id)
    assert [(one.tool, one.status, one.count) for one in counts] == [("create_ticket", "ok", TASKS)]


async def test_a_task_of_a_killed_worker_is_begun_again_in_time(
    process_folder: Path,
    desk_database: Database,
    valkey: ValkeyServer,
    filing_model: OpenAIServer,
    company: Company,
) -> None:
    first, second = (
        Worker(process_folder / f"late-{number}", desk_database, valkey, filing_model)
        for number in range(2)
    )
    filing_model.pause()
    await requests_for(company, ["The only ticket"])
    async with running(first):
        await filing_model.received(1, within=PATIENCE_SECONDS)
        async with running(second):
            first.kill()
            killed_at = time.monotonic()
            await filing_model.received(2, within=PATIENCE_SECONDS)
            seconds = time.monotonic() - killed_at
            filing_model.resume()
            await all_ended(company, within=PATIENCE_SECONDS)
    assert seconds < REDELIVERY_SECONDS
    assert await titles_of(company) == ["The only ticket"]


async def test_a_worker_that_is_asked_to_stop_hands_its_task_over(
    process_folder: Path,
    desk_database: Database,
    valkey: ValkeyServer,
    filing_model: OpenAIServer,
    company: Company,
) -> None:
    first, second = (
        Worker(process_folder / f"handing-{number}", desk_database, valkey, filing_model)
        for number in range(2)
    )
    filing_model.pause()
    await requests_for(company, ["The only ticket"])
    async with running(first):
        await filing_model.received(1, within=PATIENCE_SECONDS)
        first.terminate()
        async with asyncio.timeout(15):
            assert await first.exit_code() == 0
        async with running(second):
            filing_model.resume()
            await all_ended(company, within=PATIENCE_SECONDS)
    (task,) = await every_task(company)
    assert (task.status, task.attempts) == (TaskStatus.SUCCEEDED, 1)
    assert await titles_of(company) == ["The only ticket"]


async def test_what_fell_due_while_redis_was_gone_is_begun_soon_after_it_is_back(
    process_folder: Path,
    desk_database: Database,
    valkey: ValkeyServer,
    filing_model: OpenAIServer,
    company: Company,
) -> None:
    worker = Worker(process_folder / "waiting", desk_database, valkey, filing_model)
    async with running(worker):
        valkey.kill()
        await requests_for(company, [f"Ticket {number}" for number in range(5)])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while worker.end_of_log().count("tasks not announced") < SWEEPS:  # noqa: ASYNC110  a log
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        valkey.start()
        back_at = time.monotonic()
        await filing_model.received(5, within=PATIENCE_SECONDS)
        seconds = time.monotonic() - back_at
        await all_ended(company, within=PATIENCE_SECONDS)
    assert seconds < BEGUN_SECONDS


async def titles_of(company: Company) -> list[str]:
    """Return the titles of all tickets."""
    titles: list[str] = []
    while True:
        part = Slice(limit=200, offset=len(titles))
        async with company.transaction() as tx:
            page = await tx.tickets.page(TicketFilter(), part)
        titles += [ticket.title for ticket in page.data]
        if len(titles) >= page.total:
            return titles
