"""The queue on a real server: gone, asleep, emptied, or back without what it knew."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from hexdesk.adapters.queue.dramatiq import DramatiqQueue
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import ALL_PRIORITIES, TaskHint
from hexdesk.core.testing.queue_contract import Crew, hints
from tests.valkey_server import ValkeyServer

DEADLINE_SECONDS = 30
QUICK_SECONDS = 5


@asynccontextmanager
async def at_work(queue: DramatiqQueue, crew: Crew) -> AsyncGenerator[None]:
    """Let a crew work on all priorities."""
    async with queue.working(crew.work, concurrency=4, priorities=ALL_PRIORITIES):
        yield


async def announced(queue: DramatiqQueue, told: list[TaskHint]) -> None:
    """Announce, as often as it takes until the server is back."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            try:
                return await queue.announce(told)
            except UnavailableError:
                continue


@pytest.fixture
def queue(valkey: ValkeyServer) -> DramatiqQueue:
    """Return a queue on the server."""
    return DramatiqQueue(valkey.url, grace_seconds=0.2)


async def test_a_server_that_is_gone_is_told_at_once(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    await queue.announce(hints(1))
    valkey.kill()
    async with asyncio.timeout(QUICK_SECONDS):
        with pytest.raises(UnavailableError):
            await queue.announce(hints(1))


async def test_a_server_that_does_not_answer_is_told_soon(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    valkey.sleep()
    try:
        async with asyncio.timeout(QUICK_SECONDS * 2):
            with pytest.raises(UnavailableError):
                await queue.announce(hints(1))
    finally:
        valkey.wake()


@pytest.mark.parametrize("end", [ValkeyServer.kill, ValkeyServer.stop])
async def test_workers_come_back_by_themselves_to_a_server_that_was_restarted_empty(
    queue: DramatiqQueue,
    valkey: ValkeyServer,
    end: Callable[[ValkeyServer], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    crew = Crew()
    async with at_work(queue, crew):
        before = hints(1)
        await queue.announce(before)
        await crew.until(lambda: set(before) <= set(crew.ended))
        end(valkey)
        with pytest.raises(UnavailableError):
            await queue.announce(hints(1))
        valkey.start()
        after = [*hints(2, 0), *hints(2, 9)]
        await announced(queue, after)
        await crew.until(lambda: set(after) <= set(crew.ended))
    troubles = [one for one in caplog.records if one.message == "queue trouble"]
    assert len(troubles) < 10  # of twenty consumers that each say so each second
    assert all(one.levelno == logging.WARNING and not one.exc_info for one in troubles)


async def test_workers_go_on_when_the_server_forgets_everything(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    crew = Crew()
    crew.gate.clear()
    async with at_work(queue, crew):
        await queue.announce(hints(20, 9))
        await crew.until(lambda: len(crew.begun) == 3)
        valkey.forget()
        crew.gate.set()
        told = hints(3, 9)
        await queue.announce(told)
        await crew.until(lambda: set(told) <= set(crew.ended))


async def test_leaving_does_not_wait_for_a_server_that_is_gone(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    crew = Crew()
    crew.gate.clear()
    async with asyncio.timeout(15):
        async with at_work(queue, crew):
            told = hints(2, 9)
            await queue.announce(told)
            await crew.until(lambda: set(told) <= set(crew.begun))
            valkey.kill()
    assert set(crew.cancelled) == set(told)


async def test_what_was_taken_and_not_begun_is_given_back(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    first, second = Crew(), Crew()
    first.gate.clear()
    told = hints(8, 9)
    async with at_work(queue, first):
        await queue.announce(told)
        await first.until(lambda: len(first.begun) == 3)
    left = set(told) - set(first.begun)
    async with at_work(queue, second):
        await second.until(lambda: left <= set(second.ended))


async def test_each_priority_has_a_queue_of_its_own(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    (hint,) = hints(1, 7)
    await queue.announce([hint])
    assert valkey.ask("HLEN hexdesk:tasks:p7.msgs") == ":1"
    crew = Crew()
    async with at_work(queue, crew):
        await crew.until(lambda: crew.ended == [hint])
