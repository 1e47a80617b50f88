"""Waiting for what another process does with a run."""

from asyncio import Event, get_running_loop


async def news_or(seconds: float, news: Event) -> None:
    """Return when there are news, or after so long: hints get lost, and storage has the truth."""
    # The end of the time is news like any other: it says no more than to look again.
    alarm = get_running_loop().call_later(seconds, news.set)
    try:
        await news.wait()
    finally:
        alarm.cancel()
