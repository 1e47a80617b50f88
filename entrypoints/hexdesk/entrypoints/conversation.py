"""A conversation with an agent over the public API, as any client would have it."""

import secrets
from collections.abc import Generator, Iterator
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from hexdesk.entrypoints.api_client import API, ApiClient, ApiError, words_of

ANSWER_SECONDS = 600
TERMINAL = frozenset({"run.completed", "run.failed"})
MOST_ATTEMPTS = 3


class Event(msgspec.Struct, frozen=True):
    """One event of an answer's stream."""

    id: int
    type: str
    data: dict[str, Any]


class Conversation(ApiClient):
    """A client that talks to an agent."""

    def __init__(self, url: str) -> None:
        """Keep where the API is; an answer may take as long as an agent."""
        super().__init__(url, answer_seconds=ANSWER_SECONDS)

    def thread(self, thread_id: UUID | None, agent_id: UUID | None) -> UUID:
        """Return a thread: the one that is named, or a new one."""
        if thread_id:
            return UUID(self.call("GET", f"/chat/threads/{thread_id}")["id"])
        wish = {"agent_id": str(agent_id)} if agent_id else {}
        return UUID(self.call("POST", "/chat/threads", wish)["id"])

    def history(self, thread_id: UUID, count: int = 20) -> list[dict[str, Any]]:
        """Return the last messages of a thread, oldest of them first."""
        path = f"/chat/threads/{thread_id}/messages?sort=-created_at&limit={count}"
        messages: list[dict[str, Any]] = self.call("GET", path)["data"]
        return messages[::-1]

    def say(self, thread_id: UUID, content: str) -> Iterator[Event]:
        """Send a message and yield the events of its answer; a lost connection is resumed."""
        path = f"/chat/threads/{thread_id}"
        last, run_id, attempt = 0, None, 0
        key = secrets.token_urlsafe(16)
        while True:
            try:
                for event in self._stream(path, content, key, run_id, last):
                    last, run_id = event.id, event.data.get("run_id", run_id)
                    yield event
                    if event.type in TERMINAL:
                        return
            except httpx2.TransportError as error:
                if attempt == MOST_ATTEMPTS:
                    raise self._unreachable(error) from error
            attempt += 1
            if attempt > MOST_ATTEMPTS:
                raise ApiError("the answer broke off several times: try again")

    def _stream(
        self, path: str, content: str, key: str, run_id: str | None, last: int
    ) -> Generator[Event]:
        headers = {"Accept": "text/event-stream", "Idempotency-Key": key}
        if run_id:
            headers["Last-Event-ID"] = str(last)
            request = self._http.stream("GET", f"{API}{path}/runs/{run_id}/events", headers=headers)
        else:
            request = self._http.stream(
                "POST", f"{API}{path}/messages", json={"content": content}, headers=headers
            )
        with request as response:
            if response.is_error:
                response.read()
                raise ApiError(words_of(response))
            yield from _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Generator[Event]:
    """Parse server-sent events (WHATWG HTML, section 9.2), as far as hexdesk sends them."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            data = msgspec.json.decode(fields["data"])
            yield Event(int(fields["id"]), fields["event"], data)
            fields = {}
