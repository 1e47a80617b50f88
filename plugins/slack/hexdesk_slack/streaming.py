"""Answers that are shown while they are made."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hexdesk.core import (
    DeskError,
    OutboundMessage,
    OutcomeUnknownError,
    Receipt,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk_slack.assistant import show_nothing, show_thinking
from hexdesk_slack.calls import told
from hexdesk_slack.delivery import Delivery
from hexdesk_slack.markdown import LONGEST, finished, quiet
from hexdesk_slack.places import user_of
from hexdesk_slack.posts import mark

# A shorter answer is posted: it is there before a stream of it could have begun.
FLUSHED = 256
LONGEST_WAIT = 60.0


@dataclass(slots=True)
class AnswerStream:
    """One answer that is shown as it comes.

    As long as all goes well it is one stream of Slack's: `slack`, the SDK's `AsyncChatStream`.
    When that breaks, or is no longer enough, the rest is heard to its end, and the whole takes
    the place of what was shown.
    """

    delivery: Delivery
    slack: Any
    whole: str = ""
    sent: int = 0
    is_live: bool = True
    is_doubtful: bool = False
    resumes_at: float = 0.0

    async def show(self, parts: AsyncGenerator[str]) -> Receipt:
        """Show the parts, and return what Slack calls them together."""
        try:
            async with aclosing(parts):
                async for part in parts:
                    self.whole += part
                    await self._flush()
        except Exception:
            # What the desk does not stand by is not to stay there as its answer.
            await self._take_back()
            raise
        return await self._finish()

    async def _flush(self) -> None:
        ready = finished(self.whole)
        if len(ready) > LONGEST:
            self.is_live = False
        is_due = len(ready) - self.sent >= FLUSHED
        if not self.is_live or not is_due or _now() < self.resumes_at:
            return
        text, self.sent = quiet(ready[self.sent :]), len(ready)
        try:
            await told(self.slack.append(markdown_text=text))
        except RetryAfterError as error:
            # The SDK keeps the text, and sends it with the next.
            self.resumes_at = _now() + error.retry_after
        except DeskError as error:
            self.is_live = False
            self.is_doubtful = isinstance(error, OutcomeUnknownError)

    async def _finish(self) -> Receipt:
        delivery = replace_text(self.delivery, self.whole)
        if self.slack.ts is None and not self.is_doubtful:
            return await delivery.post()
        if self.is_live and self.slack.ts is not None:
            with suppress(UnavailableError, UndeliverableError):
                return await self._stop(self.slack.ts)
        try:
            if self.slack.ts is not None:
                return await delivery.complete(self.slack.ts)
            return await delivery.look_up() or await delivery.post()
        except OutcomeUnknownError:
            raise
        except UnavailableError as error:
            # Its beginning is there, so that it is not to be sent as if nothing were.
            raise OutcomeUnknownError(f"only the beginning was shown: {error}") from error

    async def _stop(self, timestamp: str) -> Receipt:
        await asyncio.sleep(min(max(self.resumes_at - _now(), 0.0), LONGEST_WAIT))
        rest = quiet(self.whole[self.sent :])
        await told(self.slack.stop(markdown_text=rest, metadata=mark(self.delivery.message)))
        return self.delivery.receipt({0: timestamp})

    async def _take_back(self) -> None:
        await show_nothing(self.delivery)
        if self.slack.ts is None:
            return
        client, channel = self.delivery.client, self.delivery.place.channel
        with suppress(DeskError):
            await told(client.chat_stopStream(channel=channel, ts=self.slack.ts))
        with suppress(DeskError):
            await told(client.chat_delete(channel=channel, ts=self.slack.ts))


async def begun(delivery: Delivery) -> AnswerStream:
    """Say that an answer is being made, and return its stream, of which nothing is sent yet."""
    place, message = delivery.place, delivery.message
    await show_thinking(delivery)
    return AnswerStream(
        delivery=delivery,
        slack=await delivery.client.chat_stream(
            channel=place.channel,
            thread_ts=place.root,
            recipient_team_id=_team(message, place.team_id),
            recipient_user_id=_user(message),
            buffer_size=1,
        ),
    )


def replace_text(delivery: Delivery, text: str) -> Delivery:
    """Return the delivery of the message with this text."""
    return Delivery(
        client=delivery.client,
        place=delivery.place,
        message=replace(delivery.message, text=text),
        app=delivery.app,
    )


def _user(message: OutboundMessage) -> str | None:
    if message.recipient:
        return user_of(message.recipient.external_id)
    return message.hints.get("user")


def _team(message: OutboundMessage, team_id: str) -> str:
    # Somebody of another company, in a channel that both share, has a workspace of their own.
    is_author = message.hints.get("user") == _user(message)
    return str(message.hints.get("team", team_id)) if is_author else team_id


def _now() -> float:
    return asyncio.get_running_loop().time()
