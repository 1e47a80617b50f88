"""Event streams: a run's events as they come, with a sign of life in between."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.response import Stream

from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.problems import failed_run
from hexdesk.core.model.chat import RunEvent, RunFailure
from hexdesk.core.use_cases.run_log import (
    APPROVAL_REQUIRED,
    RUN_FAILED,
    RUN_STARTED,
    TERMINAL,
    TEXT_DELTA,
    TOOL_FINISHED,
    TOOL_STARTED,
)

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
DRAINING = b": draining\n\n"
END = b""
MOST_WAITING = 64
# nginx holds answers back until its buffer is full, unless it is told not to.
HEADERS = {"cache-control": "no-cache, no-store", "x-accel-buffering": "no"}

EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {
            "enum": [
                RUN_STARTED,
                TEXT_DELTA,
                TOOL_STARTED,
                TOOL_FINISHED,
                APPROVAL_REQUIRED,
                *sorted(TERMINAL),
            ],
        },
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}
"""How each event looks."""

Frames = asyncio.Queue[bytes]
AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger("hexdesk.http")


def event_stream(
    request: AnyRequest,
    events: AsyncGenerator[RunEvent],
    options: HttpOptions,
    headers: dict[str, str] | None = None,
) -> Stream:
    """Answer with a run's events; the run goes on when the client hangs up."""
    return Stream(
        _frames(_as_told(request, events), options),
        media_type=MEDIA_TYPE,
        status_code=200,
        headers=HEADERS | (headers or {}),
    )


async def _as_told(
    request: AnyRequest, events: AsyncGenerator[RunEvent]
) -> AsyncGenerator[RunEvent]:
    """Yield the events as HTTP tells them: why a run failed is told as a problem."""
    async with aclosing(events):
        async for event in events:
            if event.type == RUN_FAILED:
                failure = msgspec.json.decode(event.data, type=RunFailure)
                told = msgspec.Raw(msgspec.json.encode(failed_run(request, failure)))
                yield RunEvent(id=event.id, type=event.type, data=told)
            else:
                yield event


async def _frames(events: AsyncGenerator[RunEvent], options: HttpOptions) -> AsyncGenerator[bytes]:
    frames = Frames(maxsize=MOST_WAITING)
    tasks = (
        asyncio.create_task(_tell(events, frames)),
        asyncio.create_task(_announce_end(options.draining, frames)),
    )
    try:
        while frame := await _next(frames, options.heartbeat_seconds):
            yield frame
    finally:
        # Nothing is awaited here: a client that hangs up has this generator cancelled as well.
        for task in tasks:
            task.cancel()


async def _next(frames: Frames, heartbeat_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(heartbeat_seconds):
            return await frames.get()
    except TimeoutError:
        return HEARTBEAT


async def _tell(events: AsyncGenerator[RunEvent], frames: Frames) -> None:
    try:
        async with aclosing(events):
            async for event in events:
                await frames.put(_frame(event))
    except Exception as error:
        # The head is sent, so there is no other way to say it: clients come back for the rest.
        log.error("stream broken off", exc_info=error)
    await frames.put(END)


async def _announce_end(draining: asyncio.Event, frames: Frames) -> None:
    await draining.wait()
    await frames.put(DRAINING)
    await frames.put(END)


def _frame(event: RunEvent) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), bytes(event.data))
