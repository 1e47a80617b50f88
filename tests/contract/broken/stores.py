"""Queues, stores of bytes, readers of files and the like that are wrong in one way each."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import asynccontextmanager

from hexdesk.core.errors import ExtractionError, NotFoundError
from hexdesk.core.model.documents import ExtractedDocument, ExtractionProgress, FileType
from hexdesk.core.model.tasks import ALL_PRIORITIES, TaskHint
from hexdesk.core.ports.limits import Attempt, Verdict
from hexdesk.core.ports.queue import Work
from hexdesk.core.testing import (
    CountingLimiter,
    MemoryBlobs,
    MemoryCache,
    MemoryExtraction,
    MemoryJournal,
    MemoryQueue,
    NgramEmbeddings,
    PlainVault,
)


class LossyQueue(MemoryQueue):
    """Loses what is announced before anybody works."""

    def __init__(self) -> None:
        super().__init__()
        self._is_working = False

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        if self._is_working:
            await super().announce(hints)

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        self._is_working = True
        async with super().working(work, concurrency=concurrency, priorities=priorities):
            yield


class FifoQueue(MemoryQueue):
    """Lets urgent work wait until its turn comes."""

    def _fitting(self, lane: Sequence[int]) -> list[TaskHint]:
        return self._waiting[:1]


class ObligingQueue(MemoryQueue):
    """Does work of priorities that its workers do not serve."""

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        async with super().working(work, concurrency=concurrency, priorities=ALL_PRIORITIES):
            yield


class BusyQueue(MemoryQueue):
    """Does more at once than it was told."""

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        async with super().working(work, concurrency=concurrency * 2, priorities=priorities):
            yield


class HalfBlobs(MemoryBlobs):
    """Shows a thing before all of it has come."""

    async def write(self, key: str, content: AsyncIterable[bytes]) -> None:
        self.kept[key] = b""
        async for piece in content:
            self.kept[key] += piece


class GreedyBlobs(MemoryBlobs):
    """Takes a whole thing into memory at once."""

    async def _pieces(self, whole: bytes) -> AsyncGenerator[bytes]:
        yield whole


class StrictBlobs(MemoryBlobs):
    """Refuses to remove what is gone already."""

    async def remove(self, key: str) -> None:
        if key not in self.kept:
            raise NotFoundError(f"no bytes at {key!r}")
        await super().remove(key)


class StumblingExtraction(MemoryExtraction):
    """Goes back in its progress."""

    async def extract(
        self, content: AsyncIterable[bytes], file_type: FileType
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        yield ExtractionProgress(0.9)
        async for one in super().extract(content, file_type):
            yield one


class CredulousExtraction(MemoryExtraction):
    """Takes what it cannot read for an empty document."""

    async def extract(
        self, content: AsyncIterable[bytes], file_type: FileType
    ) -> AsyncGenerator[ExtractionProgress | ExtractedDocument]:
        try:
            async for one in super().extract(content, file_type):
                yield one
        except ExtractionError:
            yield ExtractedDocument(sections=())


class EternalCache(MemoryCache):
    """Forgets nothing."""

    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        await super().put(key, value, ttl_seconds * 1000)


class BackwardJournal(MemoryJournal):
    """Returns the newest entry first."""

    async def pending(self) -> tuple[tuple[str, bytes], ...]:
        return (await super().pending())[::-1]


class OpenVault(PlainVault):
    """Opens whatever was sealed for whatever purpose."""

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        return super().seal(plain, purpose="")

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        return super().open(sealed, purpose="")


class PettyLimiter(CountingLimiter):
    """Counts a part of what it refuses."""

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        verdicts = [await super(PettyLimiter, self).hit([attempt]) for attempt in attempts]
        return min(verdicts, key=lambda verdict: verdict.is_allowed)


class ShuffledEmbeddings(NgramEmbeddings):
    """Returns vectors in an order of its own."""

    async def embed(self, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
        return [await self._vector(text) for text in reversed(texts)]

    async def _vector(self, text: str) -> tuple[float, ...]:
        [vector] = await super().embed([text])
        return vector
