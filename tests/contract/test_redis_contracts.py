"""The adapters that speak to Redis or Valkey keep their ports' promises, on a real server."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from hexdesk.adapters.cache.redis import RedisCache
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.adapters.events.redis import RedisRunEvents
from hexdesk.adapters.limits.redis import RedisLimiter
from hexdesk.adapters.presence.redis import RedisPresence
from hexdesk.adapters.redis.line import RedisLine, Word
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.limits import Attempt, RateLimiter, Verdict
from hexdesk.core.ports.presence import Presence
from hexdesk.core.testing import SteadyClock
from hexdesk.core.testing.cache_contract import CacheContract, PassTime
from hexdesk.core.testing.events_contract import RunEventsContract
from hexdesk.core.testing.limits_contract import RateLimiterContract
from hexdesk.core.testing.presence_contract import PresenceContract
from tests.valkey_server import ValkeyServer

SYSTEM_CLOCK = SystemClock()


class NoLimiter(RateLimiter):
    """Fails whoever falls back on it."""

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        raise AssertionError("the server was not asked")


@pytest.fixture
async def line(valkey: ValkeyServer) -> AsyncGenerator[RedisLine]:
    # An overloaded machine may be slow, and these tests are not about patience.
    line = RedisLine(valkey.url, answer_seconds=10)
    try:
        yield line
    finally:
        await line.aclose()


@pytest.fixture
async def other_line(valkey: ValkeyServer) -> AsyncGenerator[RedisLine]:
    line = RedisLine(valkey.url, answer_seconds=10)
    try:
        yield line
    finally:
        await line.aclose()


def at_this_time(line: RedisLine, clock: SteadyClock, alone: RateLimiter) -> RedisLimiter:
    """Return a limiter whose server takes a steady clock's time for its own."""

    async def run(script: str, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        micro = round((1_000_000 + clock.elapsed()) * 1_000_000)
        told = f"{{'{micro // 1_000_000}', '{micro % 1_000_000}'}}"
        # While that clock stands still, nothing may expire by another.
        for words, others in ((NOW, told), (EXPIRY, "3600000")):
            assert script.count(words) == 1
            script = script.replace(words, others)
        return await line.run(script, keys, arguments)

    return RedisLimiter(run, alone)


NOW = "redis.call('TIME')"
EXPIRY = "math.ceil(level / hit[key] / 1000)"


class TestRedisLimiter(RateLimiterContract):
    @pytest.fixture
    def clock(self) -> SteadyClock:
        return SteadyClock()

    @pytest.fixture
    def limiter(self, line: RedisLine, clock: SteadyClock) -> RateLimiter:
        return at_this_time(line, clock, NoLimiter())

    @pytest.fixture
    def elsewhere(self, other_line: RedisLine, clock: SteadyClock) -> RateLimiter:
        return at_this_time(other_line, clock, NoLimiter())


class TestRedisCache(CacheContract):
    @pytest.fixture
    def cache(self, line: RedisLine) -> Cache:
        return RedisCache(line.ask, prefix="test")

    @pytest.fixture
    def elsewhere(self, other_line: RedisLine) -> Cache:
        return RedisCache(other_line.ask, prefix="test")

    @pytest.fixture
    def pass_time(self, line: RedisLine) -> PassTime:
        async def age(seconds: float) -> None:
            for key in await line.ask("KEYS", "test:*"):
                left = await line.ask("PTTL", key) - round(seconds * 1000)
                await line.ask("PEXPIRE", key, left)

        return age


class TestRedisPresence(PresenceContract):
    @pytest.fixture
    def presence(self, line: RedisLine) -> Presence:
        return RedisPresence(line.run, SYSTEM_CLOCK)

    @pytest.fixture
    def elsewhere(self, other_line: RedisLine) -> Presence:
        return RedisPresence(other_line.run, SYSTEM_CLOCK)


async def events_on(line: RedisLine) -> AsyncGenerator[RunEvents]:
    here = MemoryRunEvents(SYSTEM_CLOCK)
    events = RedisRunEvents(here, SYSTEM_CLOCK, ask=line.ask, hear=line.hear)
    async with events.running():
        yield events


class TestRedisRunEvents(RunEventsContract):
    @pytest.fixture
    async def run_events(self, line: RedisLine) -> AsyncGenerator[RunEvents]:
        async for events in events_on(line):
            yield events

    @pytest.fixture
    async def elsewhere(self, other_line: RedisLine) -> AsyncGenerator[RunEvents]:
        async for events in events_on(other_line):
            yield events
