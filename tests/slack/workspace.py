"""A workspace of Slack's in memory: channels, threads, people and files, and what the API does."""

from dataclasses import dataclass, field
from typing import Any

APP = "U0APP"
TEAM = "T1"
CHANNEL, DIRECT, ARCHIVED = "C1", "D1", "C9"
ROOT = "1764072000.000100"
LONGEST, LONGEST_BLOCKS = 12_000, 13_000

Arguments = dict[str, Any]


class RefusedError(Exception):
    """The API answers `ok: false` and this code."""


@dataclass(slots=True, kw_only=True)
class Posted:
    """A message of a thread."""

    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    metadata: dict[str, Any] | None = None
    is_streaming: bool = False
    can_be_changed: bool = True

    @property
    def shown(self) -> str:
        """Return the text that people read."""
        return "".join([block["text"] for block in self.blocks if block["type"] == "markdown"]) or (
            self.text
        )


@dataclass(slots=True)
class Workspace:
    """What is said in the workspace, thread by thread."""

    threads: dict[tuple[str, str], list[Posted]] = field(
        default_factory=dict[tuple[str, str], list[Posted]]
    )
    people: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    files: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    assistant: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    streams: bool = True
    page: int = 200
    _last: int = 0

    def answers(self, channel: str = CHANNEL, root: str = ROOT) -> list[Posted]:
        """Return what the app has posted into a thread."""
        return [one for one in self.threads.get((channel, root), []) if one.user == APP]

    def post(self, arguments: Arguments, user: str = APP) -> Posted:
        """Add a message to a thread, as `chat.postMessage`."""
        self._refuse_channel(arguments["channel"])
        posted = Posted(ts=self._next(), user=user, text="")
        self._write(posted, arguments)
        self._thread(arguments).append(posted)
        return posted

    def update(self, arguments: Arguments) -> Posted:
        """Change a message, as `chat.update`."""
        posted = self._find(arguments)
        if posted.is_streaming:
            raise RefusedError("streaming_state_conflict")
        if not posted.can_be_changed:
            raise RefusedError("cant_update_message")
        self._write(posted, arguments)
        return posted

    def delete(self, arguments: Arguments) -> Posted:
        """Remove a message, as `chat.delete`."""
        posted = self._find(arguments)
        for thread in self.threads.values():
            if posted in thread:
                thread.remove(posted)
        return posted

    def start(self, arguments: Arguments) -> Posted:
        """Begin a stream, as `chat.startStream`."""
        if not self.streams:
            raise RefusedError("not_allowed_token_type")
        channel = arguments["channel"]
        self._refuse_channel(channel)
        if not channel.startswith("D"):
            for name in ("recipient_team_id", "recipient_user_id"):
                if not arguments.get(name):
                    raise RefusedError(f"missing_{name}")
        posted = Posted(ts=self._next(), user=APP, text=_chunks(arguments), is_streaming=True)
        self._thread(arguments).append(posted)
        return posted

    def append(self, arguments: Arguments) -> Posted:
        """Go on with a stream, as `chat.appendStream`."""
        posted = self._streaming(arguments)
        posted.text += _chunks(arguments)
        return posted

    def stop(self, arguments: Arguments) -> Posted:
        """End a stream, as `chat.stopStream`."""
        posted = self.append(arguments)
        posted.is_streaming = False
        posted.metadata = _metadata(arguments)
        return posted

    def replies(self, arguments: Arguments) -> dict[str, Any]:
        """Return a page of a thread, as `conversations.replies`."""
        root = Posted(ts=arguments["ts"], user="U1", text="Where is it?")
        thread = self.threads.get((arguments["channel"], arguments["ts"]), [])
        oldest = float(arguments.get("oldest", "0"))
        later = [one for one in thread if float(one.ts) >= oldest]
        start = int(arguments.get("cursor") or "0")
        size = min(self.page, int(arguments.get("limit", "100")))
        page = [root, *later[start : start + size]]
        with_metadata = arguments.get("include_all_metadata") == "1"
        following = str(start + size) if len(later) > start + size else ""
        return {
            "messages": [_as_json(one, with_metadata=with_metadata) for one in page],
            "response_metadata": {"next_cursor": following},
        }

    def person(self, arguments: Arguments) -> dict[str, Any]:
        """Return somebody, as `users.info`."""
        if arguments["user"] not in self.people:
            raise RefusedError("user_not_found")
        return {"user": self.people[arguments["user"]]}

    def file(self, arguments: Arguments) -> dict[str, Any]:
        """Return a file, as `files.info`."""
        if arguments["file"] not in self.files:
            raise RefusedError("file_not_found")
        return {"file": self.files[arguments["file"]]}

    def _write(self, posted: Posted, arguments: Arguments) -> None:
        markdown, blocks = arguments.get("markdown_text"), arguments.get("blocks", [])
        if markdown is not None and (blocks or "text" in arguments):
            raise RefusedError("markdown_text_conflict")
        text = markdown if markdown is not None else arguments.get("text", "")
        if not text.strip():
            raise RefusedError("no_text")
        if len(text) > LONGEST:
            raise RefusedError("msg_too_long")
        if len(str(blocks)) > LONGEST_BLOCKS:
            raise RefusedError("msg_blocks_too_long")
        posted.text, posted.blocks, posted.metadata = text, blocks, _metadata(arguments)

    def _find(self, arguments: Arguments) -> Posted:
        for (channel, _), thread in self.threads.items():
            for posted in thread:
                if (channel, posted.ts) == (arguments["channel"], arguments["ts"]):
                    return posted
        raise RefusedError("message_not_found")

    def _streaming(self, arguments: Arguments) -> Posted:
        posted = self._find(arguments)
        if not posted.is_streaming:
            raise RefusedError("message_not_in_streaming_state")
        if len(_chunks(arguments)) > LONGEST:
            raise RefusedError("msg_too_long")
        return posted

    def _thread(self, arguments: Arguments) -> list[Posted]:
        return self.threads.setdefault((arguments["channel"], arguments["thread_ts"]), [])

    def _refuse_channel(self, channel: str) -> None:
        if channel == ARCHIVED:
            raise RefusedError("is_archived")
        if channel not in {CHANNEL, DIRECT}:
            raise RefusedError("channel_not_found")

    def _next(self) -> str:
        self._last += 1
        # Later than whatever the desk says in a test.
        return f"{1_900_000_000 + self._last}.{self._last:06}"


def _chunks(arguments: Arguments) -> str:
    return "".join(chunk["text"] for chunk in arguments.get("chunks", []))


def _metadata(arguments: Arguments) -> dict[str, Any] | None:
    metadata = arguments.get("metadata")
    if metadata is not None and set(metadata) != {"event_type", "event_payload"}:
        raise RefusedError("metadata_must_be_sent_from_app")
    return metadata


def _as_json(posted: Posted, *, with_metadata: bool) -> dict[str, Any]:
    shown = {"type": "message", "ts": posted.ts, "user": posted.user, "text": posted.text}
    if posted.user == APP:
        shown["bot_id"] = "B1"
    if posted.metadata is None or not with_metadata:
        return shown
    return shown | {"metadata": posted.metadata}
