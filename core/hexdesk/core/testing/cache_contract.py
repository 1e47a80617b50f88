"""What every cache does."""

from collections.abc import Awaitable, Callable

from hexdesk.core.ports.cache import Cache

PassTime = Callable[[float], Awaitable[None]]


class CacheContract:
    """Define a fixture `cache`, and one `pass_time`, which lets so many seconds pass for it.

    And one `elsewhere`: the cache as another process has it. Where each process keeps its own,
    both are the same.
    """

    async def test_a_value_is_there_until_its_time_is_over(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        await cache.put("key", b"value", 600)
        await pass_time(540)
        assert await cache.get("key") == b"value"
        await pass_time(60)
        assert await cache.get("key") is None

    async def test_a_newer_value_takes_the_place_and_the_time_of_an_older(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        await cache.put("key", b"old", 600)
        await pass_time(500)
        await cache.put("key", b"", 600)
        await pass_time(500)
        assert await cache.get("key") == b""

    async def test_what_was_never_there_or_dropped_is_not_there(self, cache: Cache) -> None:
        await cache.drop("key")
        assert await cache.get("key") is None
        await cache.put("key", b"value", 60)
        await cache.put("other", b"other", 60)
        await cache.drop("key")
        assert await cache.get("key") is None
        assert await cache.get("other") == b"other"

    async def test_what_is_kept_or_dropped_here_is_so_elsewhere(
        self, cache: Cache, elsewhere: Cache
    ) -> None:
        await cache.put("key", b"value", 60)
        assert await elsewhere.get("key") == b"value"
        await elsewhere.drop("key")
        assert await cache.get("key") is None
