"""An installation of many processes under load, while each of them is killed or stopped in turn."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.database import Database
from tests.e2e.deploy.installation import Installation, installation
from tests.e2e.deploy.load import Busy, members
from tests.e2e.resilience.processes import Hexdesk
from tests.e2e.resilience.workers import filing
from tests.integration.postgres.waiting import until
from tests.openai_server import OpenAIServer
from tests.valkey_server import ValkeyServer

MEMBERS = 4
# How many requests are answered before the next process has its turn, and while it is away.
MORE = 12
PROGRESS_SECONDS = 60


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[OpenAIServer]:
    """A model that files a ticket for whatever it is told."""
    async with OpenAIServer(filing, keeps_requests=False) as model:
        yield model


@pytest.fixture(scope="module")
async def here(
    folder: Path, desk_database: Database, valkey_server: ValkeyServer, model: OpenAIServer
) -> AsyncGenerator[Installation]:
    """Two of each process, behind nginx."""
    async with installation(folder, desk_database, valkey_server, model) as here:
        yield here


async def killed(process: Hexdesk) -> None:
    """End a process as a machine that dies would."""
    await asyncio.to_thread(process.kill)


async def stopped(process: Hexdesk) -> None:
    """End a process as a new version of it would be rolled out."""
    process.terminate()
    assert await process.exit_code() == 0


async def each_ends_in_turn(here: Installation, busy: list[Busy]) -> None:
    """Kill one process of each kind and stop the other, and start each again under load."""
    ends: tuple[Callable[[Hexdesk], Awaitable[None]], ...] = (killed, stopped)
    for pair in (here.apis, here.mcps, here.workers):
        for process, end in zip(pair, ends, strict=True):
            await progress(busy)
            await end(process)
            await progress(busy)
            await process.start()
    await progress(busy)


async def progress(busy: list[Busy]) -> None:
    """Wait until more requests were answered."""
    goal = sum(one.answered for one in busy) + MORE
    async with asyncio.timeout(PROGRESS_SECONDS):
        while True:
            failures = [failure for one in busy for failure in one.failures]
            assert failures == []
            if sum(one.answered for one in busy) >= goal:
                return
            await asyncio.sleep(0.05)


async def test_no_request_with_a_key_fails_and_nothing_is_lost_or_doubled(
    here: Installation,
) -> None:
    async with members(here.nginx.api_url, MEMBERS) as busy, here.telling():
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as load:
            for one in busy:
                load.create_task(one.until(stopping))
            await each_ends_in_turn(here, busy)
            stopping.set()
        assert [failure for one in busy for failure in one.failures] == []
        for one in busy:
            await one.tasks_ended()
            await one.check()


async def test_the_processes_know_of_each_other_as_far_as_redis_lets_them(
    here: Installation, valkey: ValkeyServer
) -> None:
    async with httpx2.AsyncClient(trust_env=False, verify=False) as http:

        async def component(name: str) -> Any:
            return (await http.get(f"{here.nginx.api_url}/health")).json()["components"][name]

        async def is_well() -> bool:
            return (await component("workers"))["detail"] == "2 workers"

        async def is_degraded() -> bool:
            return (await component("redis"))["status"] == "degraded"

        await until(is_well)
        assert (await http.get(f"{here.nginx.api_url}/health")).json()["status"] == "ok"
        valkey.kill()
        await until(is_degraded)
        valkey.start()
        await until(is_well)
