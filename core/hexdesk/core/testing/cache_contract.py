"""What every cache does."""

from hexdesk.core.ports.cache import Cache
from hexdesk.core.testing.steady import SteadyClock


class CacheContract:
    """Define a fixture `cache` that goes by the fixture `clock`, a `SteadyClock`."""

    async def test_a_value_is_there_until_its_time_is_over(
        self, cache: Cache, clock: SteadyClock
    ) -> None:
        await cache.put("key", b"value", 60)
        clock.advance(59)
        assert await cache.get("key") == b"value"
        clock.advance(1)
        assert await cache.get("key") is None

    async def test_a_newer_value_takes_the_place_and_the_time_of_an_older(
        self, cache: Cache, clock: SteadyClock
    ) -> None:
        await cache.put("key", b"old", 60)
        clock.advance(50)
        await cache.put("key", b"", 60)
        clock.advance(50)
        assert await cache.get("key") == b""

    async def test_what_was_never_there_or_dropped_is_not_there(self, cache: Cache) -> None:
        await cache.drop("key")
        assert await cache.get("key") is None
        await cache.put("key", b"value", 60)
        await cache.put("other", b"other", 60)
        await cache.drop("key")
        assert await cache.get("key") is None
        assert await cache.get("other") == b"other"
