"""Where the bytes of files lie."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Protocol


class Blobs(Protocol):
    """Keeps bytes under keys: names of `a-z`, `0-9`, `-` and `_`, with `/` between them."""

    @abstractmethod
    async def write(self, key: str, content: AsyncIterable[bytes]) -> None:
        """Store bytes as they come, in place of what was there before.

        Until all have come nothing is seen of them, and never if `content` raises, which is
        raised on. Little of it is held in memory at a time. Raise `UnavailableError` if the store
        cannot be reached.
        """

    @abstractmethod
    async def read(self, key: str) -> AsyncGenerator[bytes]:
        """Open what is stored; the bytes come in pieces, a little of them at a time.

        Raise `NotFoundError` for what is not there, `UnavailableError`, also between pieces, if
        the store cannot be reached.
        """

    @abstractmethod
    async def remove(self, key: str) -> None:
        """Remove what is stored; what is not there is gone already.

        Raise `UnavailableError` if the store cannot be reached.
        """
