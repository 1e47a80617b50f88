"""Messages on their way into a thread, and what of them has arrived there."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from hexdesk.core import OutboundMessage, OutcomeUnknownError, Receipt, UndeliverableError
from hexdesk_slack.calls import WebClient, asked, told
from hexdesk_slack.places import Place
from hexdesk_slack.posts import Post, mark, mark_of, posts_of

# How far Slack's clock and ours may be apart.
SKEW = timedelta(minutes=2)
PAGE, MOST_PAGES = 200, 10


class _Posted(msgspec.Struct, frozen=True):
    ts: str
    user: str | None = None
    bot_id: str | None = None
    metadata: Any = None


class _Next(msgspec.Struct, frozen=True):
    next_cursor: str = ""


class _Page(msgspec.Struct, frozen=True):
    messages: tuple[_Posted, ...] = ()
    response_metadata: _Next = _Next()


@dataclass(slots=True)
class Arrived:
    """What has arrived of a message.

    `cut_off` is the beginning of an answer whose stream ended too early. `unmarked` is what else
    the app has posted: it may be a stream that nobody ended.
    """

    parts: dict[int, str] = field(default_factory=dict[int, str])
    cut_off: str | None = None
    unmarked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way into one thread; `app` is the user that the app is."""

    client: WebClient
    place: Place
    message: OutboundMessage
    app: str | None

    async def post(self) -> Receipt:
        """Post the message; of one that needs several posts, what has not been posted yet."""
        if len(posts_of(self.message)) == 1:
            return await self._post_rest(Arrived())
        found = await self._arrived()
        return await self._post_rest(Arrived(parts=found.parts))

    async def look_up(self) -> Receipt | None:
        """Find what arrived, and complete it if that is not all; None if nothing did."""
        arrived = await self._arrived()
        if not arrived.parts and arrived.cut_off is None:
            if arrived.unmarked is None:
                return None
            arrived.cut_off = await self._ended(arrived.unmarked)
        if not self.message.text and 0 not in arrived.parts:
            raise OutcomeUnknownError("the beginning of an answer was shown, and its rest is lost")
        return await self._post_rest(arrived)

    async def complete(self, timestamp: str) -> Receipt:
        """Put the message in the place of a stream that broke off."""
        # While Slack takes it for a stream it cannot be changed.
        with suppress(UndeliverableError):
            await self._stop(timestamp)
        return await self._post_rest(Arrived(cut_off=timestamp))

    async def _post_rest(self, arrived: Arrived) -> Receipt:
        parts = dict(arrived.parts)
        for part, post in enumerate(posts_of(self.message)):
            if part in parts:
                continue
            changed = part == 0 and arrived.cut_off and await self._change(arrived.cut_off, post)
            parts[part] = changed or await self._add(post)
        return self.receipt(parts)

    async def _add(self, post: Post) -> str:
        posted = await told(
            self.client.chat_postMessage(
                channel=self.place.channel,
                thread_ts=self.place.root,
                unfurl_links=False,
                unfurl_media=False,
                **post,
            )
        )
        return posted.ts

    async def _change(self, timestamp: str, post: Post) -> str | None:
        try:
            await told(self.client.chat_update(channel=self.place.channel, ts=timestamp, **post))
        except UndeliverableError:
            # It may not be changed, so that the whole follows below its beginning.
            return None
        return timestamp

    async def _ended(self, timestamp: str) -> str:
        """End a stream that nobody has ended; raise `OutcomeUnknownError` if it is none."""
        try:
            await self._stop(timestamp)
        except UndeliverableError as error:
            raise OutcomeUnknownError("the app has posted something that may be this") from error
        return timestamp

    async def _stop(self, timestamp: str) -> None:
        await told(
            self.client.chat_stopStream(
                channel=self.place.channel,
                ts=timestamp,
                metadata=mark(self.message, is_cut_off=True),
            )
        )

    async def _arrived(self) -> Arrived:
        """Look for what the app has posted since the message was made."""
        arrived, cursor = Arrived(), ""
        for _ in range(MOST_PAGES):
            page = await asked(
                self.client.conversations_replies(
                    channel=self.place.channel,
                    ts=self.place.root,
                    oldest=f"{(self.message.created_at - SKEW).timestamp():.6f}",
                    include_all_metadata=True,
                    limit=PAGE,
                    cursor=cursor or None,
                ),
                _Page,
            )
            for posted in page.messages:
                self._note(posted, arrived)
            cursor = page.response_metadata.next_cursor
            if not cursor:
                return arrived
        raise OutcomeUnknownError("the thread is too long to find the message in it")

    def _note(self, posted: _Posted, arrived: Arrived) -> None:
        is_ours = posted.user == self.app if self.app else posted.bot_id is not None
        if not is_ours or posted.ts == self.place.root:
            return
        found = mark_of(posted.metadata, self.message)
        if found is None:
            arrived.unmarked = arrived.unmarked if posted.metadata else posted.ts
        elif found.is_cut_off:
            arrived.cut_off = posted.ts
        else:
            arrived.parts[found.part] = posted.ts

    def receipt(self, parts: dict[int, str]) -> Receipt:
        """Return what Slack calls the message: its last part is what stands above an answer."""
        return Receipt(message_id=self.place.message_id(parts[max(parts)]))
