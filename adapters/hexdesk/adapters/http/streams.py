"""Event streams: a run's events as they come, with a sign of life in between."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from litestar.response import Stream

from hexdesk.adapters.http.options import HttpOptions
from hexdesk.core.errors import DeskError
from hexdesk.core.model.chat import RunEvent

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
DRAINING = b": draining\n\n"
# nginx holds answers back until its buffer is full, unless it is told not to.
HEADERS = {"cache-control": "no-cache, no-store", "x-accel-buffering": "no"}

log = structlog.get_logger("hexdesk.http")


def event_stream(
    events: AsyncGenerator[RunEvent], options: HttpOptions, headers: dict[str, str] | None = None
) -> Stream:
    """Answer with a run's events; the run goes on when the client hangs up."""
    return Stream(
        _frames(events, options),
        media_type=MEDIA_TYPE,
        status_code=200,
        headers=HEADERS | (headers or {}),
    )


async def _frames(events: AsyncGenerator[RunEvent], options: HttpOptions) -> AsyncGenerator[bytes]:
    draining = asyncio.ensure_future(options.draining.wait())
    async with aclosing(events):
        upcoming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                await asyncio.wait(
                    {upcoming, draining},
                    timeout=options.heartbeat_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if upcoming.done():
                    event = upcoming.result()
                    if event is None:
                        return
                    yield _frame(event)
                    upcoming = asyncio.ensure_future(anext(events, None))
                elif draining.done():
                    yield DRAINING
                    return
                else:
                    yield HEARTBEAT
        except DeskError as error:
            # The head is sent, so there is no other way to say it: clients come back for the rest.
            log.warning("stream broken off", reason=str(error))
        finally:
            draining.cancel()
            upcoming.cancel()
            await asyncio.wait({upcoming})


def _frame(event: RunEvent) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), bytes(event.data))
