"""Waiting for what another process does with a run."""

from asyncio import Event, timeout
from contextlib import suppress


async def news_or(seconds: float, news: Event) -> None:
    """Return when there are news, or after so long: hints get lost, and storage has the truth."""
    with suppress(TimeoutError):
        async with timeout(seconds):
            await news.wait()
