"""The queue on a real server: gone, asleep, emptied, or back without what it knew."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dramatiq.brokers.redis import RedisBroker

from hexdesk.adapters.queue import consumer
from hexdesk.adapters.queue.dramatiq import NAMESPACE, OPTIONS, DramatiqQueue
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import ALL_PRIORITIES, TaskHint
from hexdesk.core.testing.queue_contract import Crew, hints
from tests.valkey_server import ValkeyServer

DEADLINE_SECONDS = 30
STOP_SECONDS = 10
# What an overloaded machine may add to a wait.
GRACE = 1.0


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
                await asyncio.sleep(0.01)


async def refusal(queue: DramatiqQueue) -> float:
    """Return how long it took to be told that nothing can be announced."""
    started = time.perf_counter()
    with pytest.raises(UnavailableError):
        await queue.announce(hints(1))
    return time.perf_counter() - started


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that only shows."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not holds():  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0.01)


@pytest.fixture
def queue(valkey: ValkeyServer) -> DramatiqQueue:
    """Return a queue on the server."""
    return DramatiqQueue(valkey.url, grace_seconds=0.2)


async def test_a_server_that_is_gone_is_told_at_once(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    await queue.announce(hints(1))
    valkey.kill()
    assert await refusal(queue) < GRACE


async def test_a_server_that_does_not_answer_is_told_soon_and_then_at_once(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    await queue.announce(hints(1))
    valkey.sleep()
    assert await refusal(queue) < 0.5 + GRACE
    assert await refusal(queue) < 0.1
    valkey.wake()
    await announced(queue, hints(1))


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
    # Once each, though ten consumers and four workers noticed.
    said = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [one.message for one in said] == ["queue lost", "queue back"]
    assert not any(one.exc_info for one in said)


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


@pytest.mark.parametrize("end", [ValkeyServer.kill, ValkeyServer.sleep])
async def test_leaving_does_not_wait_for_a_server_that_is_gone(
    queue: DramatiqQueue, valkey: ValkeyServer, end: Callable[[ValkeyServer], None]
) -> None:
    crew = Crew()
    crew.gate.clear()
    async with asyncio.timeout(STOP_SECONDS):
        async with at_work(queue, crew):
            told = hints(2, 9)
            await queue.announce(told)
            await crew.until(lambda: set(told) <= set(crew.begun))
            end(valkey)
    assert set(crew.cancelled) == set(told)


async def test_what_was_not_done_to_its_end_is_given_back(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    first, second = Crew(), Crew()
    first.gate.clear()
    told = hints(8, 9)
    async with at_work(queue, first):
        await queue.announce(told)
        await first.until(lambda: len(first.begun) == 3)
    assert len(first.cancelled) == 3
    async with at_work(queue, second):
        await second.until(lambda: set(told) == set(second.ended))
    assert valkey.ask("HLEN hexdesk:tasks:p9.msgs") == ":0"


async def test_nothing_waits_with_one_worker_while_another_has_nothing_to_do(
    queue: DramatiqQueue,
) -> None:
    busy, idle = Crew(), Crew()
    busy.gate.clear()
    told = hints(40, 9)
    async with at_work(queue, busy):
        await queue.announce(told)
        await busy.until(lambda: len(busy.begun) == 3)
        async with at_work(queue, idle):
            await idle.until(lambda: set(told) == {*busy.begun, *idle.ended})
        assert len(busy.begun) == 3


async def test_the_most_urgent_of_what_waits_is_begun_first(queue: DramatiqQueue) -> None:
    crew = Crew()
    told = [*hints(100, 9), *hints(10, 5), *hints(10, 3), *hints(10, 0)]
    await queue.announce(told)
    async with queue.working(crew.work, concurrency=1, priorities=ALL_PRIORITIES):
        await crew.until(lambda: set(told) == set(crew.ended))
    # But for those that were taken in the moments in which no more urgent one was asked for.
    assert [hint.priority for hint in crew.begun[-70:]] == [9] * 70


async def test_what_a_dead_worker_had_taken_comes_back(
    queue: DramatiqQueue, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = hints(3, 5)
    await queue.announce(told)
    options: dict[str, Any] = {"url": valkey.url, "namespace": NAMESPACE, "middleware": []}
    dead: Any = RedisBroker(**options)
    assert len(dead.do_fetch("p5", 3)) == 3
    dead.client.close()
    monkeypatch.setitem(OPTIONS, "heartbeat_timeout", 100)
    monkeypatch.setitem(OPTIONS, "maintenance_chance", 1_000_000)
    crew = Crew()
    async with at_work(queue, crew):
        await crew.until(lambda: set(told) == set(crew.ended))


async def test_a_worker_whose_places_are_all_taken_gives_signs_of_life(
    queue: DramatiqQueue, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "BEAT_SECONDS", 0.01)
    crew = Crew()
    crew.gate.clear()
    async with at_work(queue, crew):
        await queue.announce(hints(4, 0))
        await crew.until(lambda: len(crew.begun) == 4)
        valkey.ask("DEL hexdesk:tasks:__heartbeats__")
        await until(lambda: valkey.ask("EXISTS hexdesk:tasks:__heartbeats__") == ":1")


async def test_what_was_done_while_the_server_slept_is_told_it_later(
    queue: DramatiqQueue, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    crew = Crew()
    crew.gate.clear()
    async with at_work(queue, crew):
        await queue.announce(hints(3, 9))
        await crew.until(lambda: len(crew.begun) == 3)
        valkey.sleep()
        crew.gate.set()
        await crew.until(lambda: len(crew.ended) == 3)
        await until(lambda: "queue lost" in caplog.messages)
        valkey.wake()
        await until(lambda: valkey.ask("HLEN hexdesk:tasks:p9.msgs") == ":0")


async def test_what_is_no_hint_is_passed_over(
    queue: DramatiqQueue, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    broker: Any = RedisBroker(url=valkey.url, namespace=NAMESPACE, middleware=[])
    broker.do_enqueue("p5", "1", b"no JSON")
    broker.do_enqueue("p5", "2", b'{"args": ["no id"]}')
    broker.client.close()
    crew, told = Crew(), hints(1, 5)
    await queue.announce(told)
    async with at_work(queue, crew):
        await crew.until(lambda: crew.ended == told)
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [one.message for one in warnings] == ["hint not understood"] * 2


async def test_each_priority_has_a_queue_of_its_own(
    queue: DramatiqQueue, valkey: ValkeyServer
) -> None:
    (hint,) = hints(1, 7)
    await queue.announce([hint])
    assert valkey.ask("HLEN hexdesk:tasks:p7.msgs") == ":1"
    crew = Crew()
    async with at_work(queue, crew):
        await crew.until(lambda: crew.ended == [hint])
