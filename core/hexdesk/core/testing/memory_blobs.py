"""Bytes in memory, for as long as somebody holds the store."""

from collections.abc import AsyncGenerator, AsyncIterable

from hexdesk.core.errors import NotFoundError, UnavailableError
from hexdesk.core.ports.blobs import Blobs

PIECE_BYTES = 64 * 1024


class MemoryBlobs(Blobs):
    """Keeps bytes in a dict; `is_down = True` makes it unreachable."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_down = False

    async def write(self, key: str, content: AsyncIterable[bytes]) -> None:
        self._reach()
        whole = b"".join([piece async for piece in content])
        self._reach()
        self.kept[key] = whole

    async def read(self, key: str) -> AsyncGenerator[bytes]:
        self._reach()
        if key not in self.kept:
            raise NotFoundError(f"no bytes at {key!r}")
        return self._pieces(self.kept[key])

    async def remove(self, key: str) -> None:
        self._reach()
        self.kept.pop(key, None)

    async def _pieces(self, whole: bytes) -> AsyncGenerator[bytes]:
        for start in range(0, len(whole), PIECE_BYTES):
            self._reach()
            yield whole[start : start + PIECE_BYTES]

    def _reach(self) -> None:
        if self.is_down:
            raise UnavailableError("the file storage cannot be reached")
