"""What each port does while Redis is gone, and when it is back."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from uuid import UUID

import msgspec
import pytest

from hexdesk.adapters.cache.redis import RedisCache
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.adapters.events.redis import CHANNEL, RedisRunEvents, Word
from hexdesk.adapters.limits.memory import MemoryLimiter
from hexdesk.adapters.limits.redis import RATE, RedisLimiter
from hexdesk.adapters.presence.redis import HERE, RedisPresence
from hexdesk.adapters.redis.line import RedisLine
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.limits import Attempt, Rate
from hexdesk.core.testing.events_contract import followed, told
from hexdesk.core.testing.examples import an_event, new_id
from tests.valkey_server import ValkeyServer

CLOCK = SystemClock()
ANN = [Attempt(Rate("user", 10), "ann")]


@pytest.fixture
async def line(valkey: ValkeyServer) -> AsyncGenerator[RedisLine]:
    line = RedisLine(valkey.url, again_seconds=0.05)
    try:
        yield line
    finally:
        await line.aclose()


async def back(line: RedisLine) -> None:
    """Wait until the line is up."""
    async with asyncio.timeout(10):
        while not line.is_up:  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0.001)


async def test_attempts_are_counted_by_the_server_s_clock_and_forgotten_in_time(
    line: RedisLine, valkey: ValkeyServer
):
    limiter = RedisLimiter(line.run, MemoryLimiter(CLOCK))
    before = time.perf_counter()
    verdicts = [await limiter.hit(ANN) for _ in range(4)]
    seconds = time.perf_counter() - before
    assert [verdict.remaining for verdict in verdicts] == [9, 8, 7, 6]
    left = int(valkey.ask(f"PTTL {RATE}:user:10:60:ann").removeprefix(":"))
    assert (24 - seconds) * 1000 - 1000 < left <= 24_000


async def test_each_process_counts_for_itself_while_the_server_is_gone(
    line: RedisLine, valkey: ValkeyServer
):
    one, other = (RedisLimiter(line.run, MemoryLimiter(CLOCK)) for _ in range(2))
    assert [(await each.hit(ANN)).remaining for each in (one, other)] == [9, 8]
    valkey.stop()
    assert [(await each.hit(ANN)).remaining for each in (one, other)] == [9, 9]
    assert [(await one.hit(ANN)).is_allowed for _ in range(10)] == [True] * 9 + [False]
    valkey.start()
    await back(line)
    assert [(await each.hit(ANN)).remaining for each in (one, other)] == [9, 8]


async def test_nothing_is_cached_while_the_server_is_gone(line: RedisLine, valkey: ValkeyServer):
    cache = RedisCache(line.ask, prefix="test")
    await cache.put("key", b"value", 60)
    valkey.kill()
    await cache.put("other", b"value", 60)
    assert [await cache.get(key) for key in ("key", "other")] == [None, None]
    await cache.drop("key")
    valkey.start()
    await back(line)
    await cache.put("key", b"value", 60)
    assert await cache.get("key") == b"value"


async def test_what_could_not_be_dropped_is_dropped_later(line: RedisLine, valkey: ValkeyServer):
    cache, other = (RedisCache(line.ask, prefix="test") for _ in range(2))
    await cache.put("key", b"old", 60)
    valkey.sleep()
    await cache.drop("key")
    valkey.wake()
    await back(line)
    assert await cache.get("anything") is None
    assert await other.get("key") is None


async def test_versions_do_not_read_each_other_s_values(line: RedisLine):
    old, new = RedisCache(line.ask, prefix="1"), RedisCache(line.ask, prefix="2")
    await old.put("key", b"value", 60)
    assert await new.get("key") is None


async def test_a_value_that_is_too_large_is_not_kept_and_outlived_by_none(line: RedisLine):
    cache = RedisCache(line.ask, prefix="test", max_bytes=10)
    await cache.put("key", b"old", 60)
    await cache.put("key", b"x" * 11, 60)
    assert await cache.get("key") is None


async def test_whoever_dies_without_a_word_is_missed(line: RedisLine, valkey: ValkeyServer):
    presence = RedisPresence(line.run, CLOCK)
    async with presence.here(ProcessKind.API):
        assert valkey.ask(f"ZADD {HERE} 1 dead") == ":1"
        assert (await presence.counts())[ProcessKind.API] == 1
        assert valkey.ask(f"ZCARD {HERE}") == ":1"


async def test_whoever_is_there_is_known_again_when_the_server_is_back(
    line: RedisLine, valkey: ValkeyServer
):
    presence = RedisPresence(line.run, CLOCK, beat_seconds=0.01)
    async with presence.here(ProcessKind.WORKER):
        valkey.kill()
        with pytest.raises(UnavailableError):
            await presence.counts()
        valkey.start()
        await back(line)
        async with asyncio.timeout(10):
            while not (await presence.counts())[ProcessKind.WORKER]:  # noqa: ASYNC110  it beats
                await asyncio.sleep(0.001)


@asynccontextmanager
async def two_processes(
    valkey: ValkeyServer, repeat_seconds: float = 60
) -> AsyncGenerator[tuple[RedisRunEvents, ...]]:
    """Run two processes that can hear each other."""
    lines = [RedisLine(valkey.url, again_seconds=0.05) for _ in range(2)]
    one, other = (
        RedisRunEvents(
            MemoryRunEvents(CLOCK),
            CLOCK,
            ask=line.ask,
            hear=line.hear,
            repeat_seconds=repeat_seconds,
        )
        for line in lines
    )
    try:
        async with one.running(), other.running():
            yield one, other
    finally:
        for line in lines:
            await line.aclose()


async def test_whoever_takes_a_run_over_hears_that_it_is_followed(valkey: ValkeyServer):
    async with two_processes(valkey, repeat_seconds=0.01) as (at_work, other):
        run_id = new_id()
        with other.news(run_id) as news:
            # Long after somebody began to follow it.
            for _ in range(3):
                at_work.open(run_id)
                await followed(at_work, run_id)
                at_work.close(run_id)
                await told(news)
                news.clear()


async def test_events_go_on_within_a_process_while_the_server_is_gone(valkey: ValkeyServer):
    async with two_processes(valkey) as (events, _):
        valkey.stop()
        run_id = new_id()
        events.open(run_id)
        stream = events.follow(run_id, 0)
        assert stream is not None
        events.publish(run_id, [an_event(1), an_event(2)])
        events.close(run_id)
        async with asyncio.timeout(10):
            assert [event.id async for event in stream] == [1, 2]


async def test_whoever_waited_through_an_outage_looks_at_once_and_is_heard_again(
    valkey: ValkeyServer,
):
    async with two_processes(valkey) as (at_work, other):
        run_id = new_id()
        with other.news(run_id) as news:
            at_work.open(run_id)
            await followed(at_work, run_id)
            valkey.kill()
            news.clear()
            valkey.start()
            await told(news)
            news.clear()
            await said_until_heard(at_work, run_id, news)
        at_work.close(run_id)


async def said_until_heard(events: RedisRunEvents, run_id: UUID, news: asyncio.Event) -> None:
    """Publish until somebody hears it: both lines may need a moment."""
    async with asyncio.timeout(10):
        while not news.is_set():
            events.publish(run_id, [an_event(1)])
            await asyncio.sleep(0.01)


async def test_word_that_nobody_understands_is_passed_over(valkey: ValkeyServer, line: RedisLine):
    async with two_processes(valkey) as (at_work, other):
        run_id = new_id()
        at_work.open(run_id)
        with other.news(run_id) as news:
            await followed(at_work, run_id)
            for word in (b"", b"\xc1", b"\x93\x01\x02\x03"):
                assert await line.ask("PUBLISH", CHANNEL, word) == 2
            at_work.publish(run_id, [an_event(1)])
            await told(news)
        at_work.close(run_id)


async def test_of_a_run_that_nobody_elsewhere_follows_only_the_end_is_told(
    valkey: ValkeyServer, line: RedisLine
):
    async with (
        two_processes(valkey) as (events, _),
        aclosing(line.hear(CHANNEL)) as heard,
        asyncio.timeout(10),
    ):
        assert await anext(heard) is None
        first, second = new_id(), new_id()
        for run_id in (first, second):
            events.open(run_id)
            for event_id in range(1, 100):
                events.publish(run_id, [an_event(event_id)])
            events.close(run_id)
            said = await anext(heard)
            assert said is not None
            assert msgspec.msgpack.decode(said, type=Word).news == (run_id,)
