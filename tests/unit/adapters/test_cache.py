"""The cache gives back what it kept, until time or space runs out."""

import pytest

from hexdesk.adapters.cache.memory import ENTRY_BYTES, MemoryCache
from hexdesk.core.testing import SteadyClock


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def cache(clock: SteadyClock) -> MemoryCache:
    return MemoryCache(clock)


async def test_what_was_never_put_is_not_there(cache: MemoryCache) -> None:
    assert await cache.get("a") is None


async def test_each_value_has_a_time_of_its_own(cache: MemoryCache, clock: SteadyClock) -> None:
    await cache.put("short", b"1", 10)
    await cache.put("long", b"2", 20)
    clock.advance(9.9)
    assert (await cache.get("short"), await cache.get("long")) == (b"1", b"2")
    clock.advance(0.1)
    assert (await cache.get("short"), await cache.get("long")) == (None, b"2")
    clock.advance(10)
    assert await cache.get("long") is None


async def test_a_later_value_replaces_an_earlier_one_and_its_time(
    cache: MemoryCache, clock: SteadyClock
) -> None:
    await cache.put("a", b"1", 10)
    clock.advance(5)
    await cache.put("a", b"2", 10)
    clock.advance(6)
    assert await cache.get("a") == b"2"


async def test_a_value_for_no_time_at_all_takes_away_the_earlier_one(cache: MemoryCache) -> None:
    await cache.put("a", b"1", 10)
    await cache.put("a", b"2", 0)
    assert await cache.get("a") is None


async def test_what_was_dropped_is_gone_and_dropping_nothing_is_no_error(
    cache: MemoryCache, clock: SteadyClock
) -> None:
    await cache.put("a", b"1", 10)
    await cache.drop("a")
    assert await cache.get("a") is None
    await cache.drop("a")
    await cache.put("a", b"1", 10)
    clock.advance(10)
    await cache.drop("a")


async def test_when_space_runs_out_the_value_not_asked_for_longest_goes(
    clock: SteadyClock,
) -> None:
    cache = MemoryCache(clock, max_bytes=2 * (ENTRY_BYTES + 101))
    await cache.put("a", bytes(100), 10)
    await cache.put("b", bytes(100), 10)
    await cache.get("a")
    await cache.put("c", bytes(100), 10)
    assert [await cache.get(key) is not None for key in "abc"] == [True, False, True]


async def test_a_value_larger_than_the_cache_is_not_kept_and_the_earlier_one_goes(
    clock: SteadyClock,
) -> None:
    cache = MemoryCache(clock, max_bytes=1000)
    await cache.put("a", b"1", 10)
    await cache.put("a", bytes(1000), 10)
    assert await cache.get("a") is None
