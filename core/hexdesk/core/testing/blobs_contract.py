"""What every store of bytes does: the suite that an adapter passes before it is one.

Define the fixtures `blobs`, and `lost_blobs`: one whose store cannot be reached.
"""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from hexdesk.core.errors import NotFoundError, UnavailableError
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.testing import examples

PIECE = bytes(range(256)) * 256
MANY = 250
"""So many pieces are more than any store takes in one part."""
PATIENCE_SECONDS = 20


def a_key() -> str:
    """Return a key that nothing lies at."""
    return f"org/{examples.new_id()}/{examples.new_id()}"


async def pieces(count: int, *, then: BaseException | None = None) -> AsyncGenerator[bytes]:
    """Yield pieces, each with its number in front, and raise in the end if told so."""
    for number in range(count):
        yield number.to_bytes(4) + PIECE
    if then:
        raise then


async def whole(blobs: Blobs, key: str) -> bytes:
    """Return all that lies at a key."""
    return b"".join([piece async for piece in await blobs.read(key)])


class BrokenOffError(Exception):
    """Whoever sent the bytes went away."""


class BlobsContract:
    """Every promise of the port."""

    @pytest.mark.parametrize("count", [1, 3, MANY])
    async def test_bytes_come_back_as_they_were_stored(self, blobs: Blobs, count: int) -> None:
        key = a_key()
        await blobs.write(key, pieces(count))
        assert await whole(blobs, key) == b"".join([piece async for piece in pieces(count)])

    async def test_no_bytes_are_something_too(self, blobs: Blobs) -> None:
        key = a_key()
        await blobs.write(key, pieces(0))
        assert await whole(blobs, key) == b""

    async def test_bytes_are_read_in_small_pieces(self, blobs: Blobs) -> None:
        key = a_key()
        await blobs.write(key, pieces(MANY))
        sizes = [len(piece) async for piece in await blobs.read(key)]
        assert max(sizes) <= 2 * 1024 * 1024

    async def test_later_bytes_take_the_place_of_earlier_ones(self, blobs: Blobs) -> None:
        key = a_key()
        await blobs.write(key, pieces(3))
        await blobs.write(key, pieces(1))
        assert await whole(blobs, key) == (0).to_bytes(4) + PIECE

    @pytest.mark.parametrize("count", [0, 1, MANY])
    async def test_half_of_a_thing_is_never_there(self, blobs: Blobs, count: int) -> None:
        key = a_key()
        with pytest.raises(BrokenOffError):
            await blobs.write(key, pieces(count, then=BrokenOffError()))
        with pytest.raises(NotFoundError):
            await blobs.read(key)

    async def test_what_was_there_outlives_a_broken_write(self, blobs: Blobs) -> None:
        key = a_key()
        await blobs.write(key, pieces(1))
        with pytest.raises(BrokenOffError):
            await blobs.write(key, pieces(3, then=BrokenOffError()))
        assert await whole(blobs, key) == (0).to_bytes(4) + PIECE

    async def test_nothing_is_seen_before_all_has_come(self, blobs: Blobs) -> None:
        key, go_on = a_key(), asyncio.Event()
        is_asked = asyncio.Event()

        async def slow() -> AsyncGenerator[bytes]:
            yield PIECE
            is_asked.set()
            await go_on.wait()

        async with asyncio.timeout(PATIENCE_SECONDS):
            writing = asyncio.create_task(blobs.write(key, slow()))
            await is_asked.wait()
            with pytest.raises(NotFoundError):
                await blobs.read(key)
            go_on.set()
            await writing
        assert await whole(blobs, key) == PIECE

    async def test_a_cancelled_write_leaves_nothing(self, blobs: Blobs) -> None:
        key, is_asked = a_key(), asyncio.Event()

        async def endless() -> AsyncGenerator[bytes]:
            async for piece in pieces(MANY):
                yield piece
            is_asked.set()
            await asyncio.Event().wait()

        async with asyncio.timeout(PATIENCE_SECONDS):
            writing = asyncio.create_task(blobs.write(key, endless()))
            await is_asked.wait()
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
        with pytest.raises(NotFoundError):
            await blobs.read(key)

    async def test_one_may_stop_reading(self, blobs: Blobs) -> None:
        key = a_key()
        await blobs.write(key, pieces(MANY))
        reading = await blobs.read(key)
        assert await anext(reading)
        await reading.aclose()
        await blobs.remove(key)

    async def test_what_is_not_there_is_not_found(self, blobs: Blobs) -> None:
        with pytest.raises(NotFoundError):
            await blobs.read(a_key())

    async def test_what_is_removed_is_gone_however_often(self, blobs: Blobs) -> None:
        key, other = a_key(), a_key()
        await blobs.write(key, pieces(1))
        await blobs.write(other, pieces(1))
        for _ in range(2):
            await blobs.remove(key)
            with pytest.raises(NotFoundError):
                await blobs.read(key)
        assert await whole(blobs, other)

    async def test_a_store_that_is_gone_says_so(self, lost_blobs: Blobs) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(UnavailableError):
                await lost_blobs.write(a_key(), pieces(1))
            with pytest.raises(UnavailableError):
                await lost_blobs.write(a_key(), pieces(MANY))
            with pytest.raises(UnavailableError):
                await lost_blobs.read(a_key())
            with pytest.raises(UnavailableError):
                await lost_blobs.remove(a_key())
