"""Waiting for what the database does not announce."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 20


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as something holds; fail if it does not in good time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110  the database has no event to wait for
            await asyncio.sleep(0.01)
