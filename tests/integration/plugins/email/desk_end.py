"""The desk's end of a channel: what was emitted, and a source that runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from hexdesk.core.model.channels import Inbound, InboundMessage
from hexdesk.core.ports.channels import Connection
from hexdesk_email import EmailChannel

PATIENCE_SECONDS = 20.0


class DeskEnd:
    """Keeps what is emitted, or fails as told by what is in a message."""

    def __init__(self) -> None:
        self.kept: list[InboundMessage] = []
        self.offered: list[InboundMessage] = []
        self.fails: dict[str, Exception] = {}
        self._news = asyncio.Condition()

    async def emit(self, inbound: Inbound) -> None:
        assert isinstance(inbound, InboundMessage)
        self.offered.append(inbound)
        async with self._news:
            self._news.notify_all()
        for words, error in self.fails.items():
            if words in inbound.text:
                raise error
        self.kept.append(inbound)
        async with self._news:
            self._news.notify_all()

    async def has(self, number: int) -> list[InboundMessage]:
        """Wait until so many messages are kept, and return them."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.kept) >= number)
        return self.kept

    async def was_offered(self, number: int) -> list[InboundMessage]:
        """Wait until so many messages were offered, and return them."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.offered) >= number)
        return self.offered


@asynccontextmanager
async def running(connection: Connection, desk: DeskEnd) -> AsyncGenerator[asyncio.Task[None]]:
    """Run the source for as long as the block lasts."""
    task = asyncio.create_task(EmailChannel().run(connection, desk.emit))
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
