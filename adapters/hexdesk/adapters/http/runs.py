"""Messages and the runs that answer them, as HTTP asks for them."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request

from hexdesk.adapters.http.calls import HeaderParameter
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.streams import MEDIA_TYPE
from hexdesk.core.desk import Desk
from hexdesk.core.errors import BusyError, InvalidError
from hexdesk.core.model.chat import ChatResponse, Run, RunEvent
from hexdesk.core.model.principals import Member
from hexdesk.core.use_cases.send_message import AnsweredBeforeError, NewMessage

LAST_EVENT_ID = HeaderParameter(
    name="Last-Event-ID",
    description="The id of the last event you have.",
    example="7",
    pattern="^[0-9]{1,18}$",
)
NUMBER = re.compile("[0-9]{1,18}")
GREATEST = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A message that was sent: now, or when its idempotency key came first."""

    desk: Desk
    who: Member
    thread_id: UUID
    run: Run | UUID

    @property
    def is_replay(self) -> bool:
        """Whether the message was sent before."""
        return isinstance(self.run, UUID)

    async def events(self) -> AsyncGenerator[RunEvent]:
        """Return the run's events, from the first one on."""
        chat = self.desk.chat
        if isinstance(self.run, UUID):
            return await chat.follow_run(self.who, self.thread_id, self.run)
        return chat.follow_run.follow(self.who, self.run.id, 0)

    async def answer(self) -> ChatResponse:
        """Wait for the answer."""
        chat = self.desk.chat
        if isinstance(self.run, UUID):
            # Whoever may not see the thread any more gets no old answer from it either.
            await chat.get_thread(self.who, self.thread_id)
            return await chat.await_answer.by_id(self.who, self.run)
        return await chat.await_answer(self.who, self.run)


async def begin(
    desk: Desk, request: Request[Member, Any, Any], thread_id: UUID, said: NewMessage
) -> Begun:
    """Send a message, unless its idempotency key says that it was sent."""
    who, exchange = request.user, Exchange.of(request.scope)
    run: Run | UUID
    if exchange.first and exchange.first.run_id:
        run = exchange.first.run_id
    else:
        once = exchange.once
        try:
            key = once.key if once else None
            run = await desk.chat.send_message(
                who, thread_id, said, key=key, is_followed=wants_stream(request)
            )
        except AnsweredBeforeError as error:
            first = await once.find() if once else None
            if not first or not first.run_id:
                raise BusyError(
                    "the first request with this key has just ended: ask again"
                ) from error
            run = first.run_id
    return Begun(desk=desk, who=who, thread_id=thread_id, run=run)


def wants_stream(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the caller asks for events by name, and not for JSON before them."""
    wanted = request.headers.getall("accept", [])
    ranges = [one.strip() for value in wanted for one in value.lower().split(",")]
    qualities = {
        name: (quality, -place)
        for place, one in enumerate(ranges)
        for name, quality in [_range(one)]
    }
    events = qualities.get(MEDIA_TYPE, (0.0, 0))
    return events[0] > 0 and events >= qualities.get("application/json", (0.0, 0))


def last_event_id(request: Request[Any, Any, Any]) -> int:
    """Return the id of the last event that the caller has, 0 for none."""
    text = request.headers.get(LAST_EVENT_ID.name, "0").strip()
    if not NUMBER.fullmatch(text):
        raise InvalidError("the Last-Event-ID header must be the id of an event")
    return min(int(text), GREATEST)


def _range(text: str) -> tuple[str, float]:
    name, *details = (part.strip() for part in text.split(";"))
    for detail in details:
        if detail.startswith("q="):
            try:
                return name, float(detail[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
