"""An installation of many processes under load, while each of them is killed or stopped in turn."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.database import Database
from tests.e2e.deploy.installation import Installation, installation
from tests.e2e.deploy.load import BY_AGENT, BY_TASK, at_work, members
from tests.e2e.deploy.pace import PATIENCE_SECONDS, Pace
from tests.e2e.resilience.model import said_last
from tests.e2e.resilience.processes import Hexdesk
from tests.e2e.resilience.workers import filing
from tests.integration.postgres.waiting import until
from tests.openai_server import ChatRequest, OpenAIServer
from tests.valkey_server import ValkeyServer

MEMBERS = 4
# How much is asked for before, while and after a process is away: at least three rounds of four.
PORTION = 24


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[OpenAIServer]:
    """A model that files a ticket for whatever it is told."""
    async with OpenAIServer(filing) as model:
        yield model


@pytest.fixture(scope="module")
async def here(
    folder: Path, desk_database: Database, valkey_server: ValkeyServer, model: OpenAIServer
) -> AsyncGenerator[Installation]:
    """Two of each process, behind nginx."""
    valkey_server.begin_anew()
    async with installation(folder, desk_database, valkey_server, model) as here:
        yield here


@pytest.fixture
def pace(model: OpenAIServer) -> Pace:
    """A pace that nobody has set yet."""
    model.requests.clear()
    return Pace()


async def kill(process: Hexdesk, pace: Pace, is_under_way: Callable[[], Awaitable[None]]) -> None:
    """Kill a process once something is under way, and start it again under load."""
    pace.allow(PORTION)
    await is_under_way()
    await asyncio.to_thread(process.kill)
    pace.allow(PORTION)


async def come_back(pace: Pace, *processes: Hexdesk) -> None:
    """Have the others do some work alone, and start what is away while they go on."""
    await pace.until()
    pace.allow(PORTION)
    await asyncio.gather(*(process.start() for process in processes))
    pace.allow(PORTION)
    await pace.until()


async def asked(model: OpenAIServer, part: str, count: int) -> None:
    """Wait until the model was asked because of so many things that end like this."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len({said_last(one) for one in model.requests if said_last(one).endswith(part)}) < (
            count
        ):
            await model.received(len(model.requests) + 1, within=PATIENCE_SECONDS)


async def killed_while_the_model_thinks(
    process: Hexdesk, pace: Pace, model: OpenAIServer, part: str
) -> None:
    """Kill a process while the model is asked on behalf of several."""

    def waits(request: ChatRequest) -> bool:
        return said_last(request).endswith(part)

    async def is_under_way() -> None:
        await asked(model, part, MEMBERS - 1)

    model.requests.clear()
    model.pause(waits)
    await kill(process, pace, is_under_way)
    model.resume()
    await come_back(pace, process)


async def killed_in_the_midst(process: Hexdesk, pace: Pace) -> None:
    """Kill a process while some requests are answered and others are not."""

    async def is_under_way() -> None:
        await pace.until(left=PORTION // 2)

    await kill(process, pace, is_under_way)
    await come_back(pace, process)


async def test_whoever_is_killed_no_request_with_a_key_fails_and_nothing_is_lost_or_doubled(
    here: Installation, model: OpenAIServer, pace: Pace
) -> None:
    async with here.telling(), members(here.nginx.api_url, MEMBERS, pace) as busy:
        async with at_work(busy):
            await killed_while_the_model_thinks(here.apis[0], pace, model, BY_AGENT)
            await killed_in_the_midst(here.mcps[0], pace)
            await killed_while_the_model_thinks(here.workers[0], pace, model, BY_TASK)
        for one in busy:
            await one.check()
    assert here.nginx.sent_again() > 0, "nobody had to be asked a second time"


async def test_one_of_each_is_replaced_and_no_request_with_a_key_fails(
    here: Installation, pace: Pace
) -> None:
    leaving = (here.apis[1], here.mcps[1], here.workers[1])
    async with here.telling(), members(here.nginx.api_url, MEMBERS, pace) as busy:
        async with at_work(busy):
            pace.allow(PORTION)
            await pace.until(left=PORTION // 2)
            for process in leaving:
                process.terminate()
            pace.allow(PORTION)
            codes = await asyncio.gather(*(process.exit_code() for process in leaving))
            assert codes == [0, 0, 0]
            await come_back(pace, *leaving)
        for one in busy:
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
