"""Bytes of files in a folder or in a bucket, by obstore."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Self

from obstore import delete_async, get_async, put_async
from obstore.exceptions import BaseError

from hexdesk.adapters.blobs.places import Place, place_of
from hexdesk.core.errors import NotFoundError, UnavailableError
from hexdesk.core.ports.blobs import Blobs

PIECE_BYTES = 256 * 1024
PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes for a part that is not the last."""
PARTS_AT_ONCE = 2
PIECES_WAITING = 2
SECONDS_FOR_PIECE = 30
# obstore's threads let go of what they hold a little after an answer. One that does so after the
# interpreter has ended aborts the process, and there is nothing to wait for them with.
SECONDS_TO_SETTLE = 0.2


class ObstoreBlobs(Blobs):
    """Keeps bytes at a place that obstore knows."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = place.store

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, environment: Mapping[str, str]) -> AsyncGenerator[Self]:
        """Open the store that a URL names; raise `ValueError` if it names none."""
        place = place_of(url, environment)
        try:
            yield cls(place)
        finally:
            await asyncio.sleep(SECONDS_TO_SETTLE)

    async def ping(self) -> None:
        """Raise unless something could be stored."""
        await self._place.ping()

    async def write(self, key: str, content: AsyncIterable[bytes]) -> None:
        with _explained(self._place, key, is_written=True):
            await asyncio.to_thread(self._place.make_room, key)
        feed = _Feed()
        putting = asyncio.ensure_future(
            put_async(
                self._store,
                key,
                feed.pieces(),
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        )
        putting.add_done_callback(lambda _: feed.close())
        try:
            with _explained(self._place, key, is_written=True):
                await _fed(feed, content)
                await asyncio.shield(putting)
                await asyncio.to_thread(self._place.settle, key)
        except BaseException:
            # Broken off from within, obstore takes back what it has; cancelled, it may not.
            feed.fail()
            await asyncio.wait({putting})
            putting.exception()
            raise

    async def read(self, key: str) -> AsyncGenerator[bytes]:
        with _explained(self._place, key):
            found = await get_async(self._store, key)
        return _pieces(self._place, key, aiter(found.stream(min_chunk_size=PIECE_BYTES)))

    async def remove(self, key: str) -> None:
        with suppress(NotFoundError), _explained(self._place, key):
            await delete_async(self._store, key)


async def _fed(feed: "_Feed", content: AsyncIterable[bytes]) -> None:
    async for piece in content:
        if not await feed.give(piece):
            return
    await feed.give(None)


async def _pieces(place: Place, key: str, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    while True:
        with _explained(place, key):
            async with asyncio.timeout(SECONDS_FOR_PIECE):
                piece = await anext(stream, None)
        if piece is None:
            return
        yield piece


@contextmanager
def _explained(place: Place, key: str, *, is_written: bool = False) -> Generator[None]:
    """Say in our words what went wrong; where something is written, nothing can be missing."""
    try:
        yield
    except FileNotFoundError as error:
        if is_written or not place.is_there():
            raise UnavailableError("the file storage cannot be reached") from error
        raise NotFoundError(f"no bytes at {key!r}") from error
    except (BaseError, OSError) as error:
        raise UnavailableError("the file storage cannot be reached") from error


class _BrokenOffError(Exception):
    """The bytes end before their end."""


class _Feed:
    """Hands pieces on to obstore, which asks for them in a task of its own."""

    def __init__(self) -> None:
        self._waiting = asyncio.Queue[bytes | _BrokenOffError | None](PIECES_WAITING)
        self._is_closed = False

    async def give(self, piece: bytes | None) -> bool:
        """Wait until there is room for a piece, or the end; False if no more is taken."""
        if not self._is_closed:
            await self._waiting.put(piece)
        return not self._is_closed

    def close(self) -> None:
        """Take no more."""
        self._is_closed = True
        while not self._waiting.empty():
            self._waiting.get_nowait()

    def fail(self) -> None:
        """Let whoever asks for the next piece fail."""
        self.close()
        self._waiting.put_nowait(_BrokenOffError())

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield the pieces up to the end."""
        while (piece := await self._waiting.get()) is not None:
            if isinstance(piece, _BrokenOffError):
                raise piece
            yield piece
