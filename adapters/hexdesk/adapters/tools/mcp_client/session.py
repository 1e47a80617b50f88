"""An MCP session that many runs share: opened, held and closed by a task of its own."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from mcp import Client

log = logging.getLogger("hexdesk.tools")


class SharedSession:
    """A session that is being opened, or open, or over; whoever needs it waits for one opening."""

    def __init__(
        self, open_client: Callable[[], AbstractAsyncContextManager[Client]], open_seconds: float
    ) -> None:
        """Begin to open it."""
        self._open_client = open_client
        self._open_seconds = open_seconds
        self._opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        # A session must be closed by the task that opened it, and no run's task lives as long.
        self._owner = asyncio.create_task(self._own(), name="mcp session")

    @property
    def is_over(self) -> bool:
        """Whether it broke or was ended."""
        return self._over.is_set()

    @property
    def was_open(self) -> bool:
        """Whether it ever got open."""
        return self._opened.done() and self._opened.exception() is None

    async def client(self) -> Client:
        """Return the client as soon as it is open; raise what kept it from opening."""
        return await asyncio.shield(self._opened)

    def end(self) -> None:
        """Have it closed."""
        self._over.set()

    async def closed(self, seconds: float) -> None:
        """Wait until it is closed, and insist after some time."""
        _, late = await asyncio.wait([self._owner], timeout=seconds)
        if late:
            self._owner.cancel()
            await asyncio.wait([self._owner], timeout=seconds)

    async def _own(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._open_seconds):
                    client = await stack.enter_async_context(self._open_client())
                self._opened.set_result(client)
                await self._over.wait()
        except Exception as error:  # noqa: BLE001 - the edge of a task: its failure is told
            if self.was_open:
                log.warning("tool session ended badly", extra={"reason": repr(error)})
            else:
                self._opened.set_exception(error)
                self._opened.exception()  # told, even if nobody waits any longer
        finally:
            self._over.set()
            self._opened.cancel()
