"""A client of the HTTP API: one member's calls, and event streams that may break off."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

API = "/api/v1"
PATIENCE_SECONDS = 20
EVENT_STREAM = "text/event-stream"
TERMINAL = frozenset({"run.completed", "run.failed"})


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the API answered."""

    status: int
    headers: httpx2.Headers
    body: Any

    @property
    def is_replay(self) -> bool:
        """Whether it is the first answer to the same key."""
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def content(self) -> str:
        """Return what the assistant said."""
        return self.body["message"]["content"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a run."""

    id: int
    name: str
    data: Any


@dataclass(slots=True)
class EventStream:
    """The events of one connection, as far as they have come."""

    lines: AsyncIterator[str]
    headers: httpx2.Headers
    events: list[Event] = field(default_factory=list[Event])
    came_at: dict[int, float] = field(default_factory=dict[int, float])
    comments: list[str] = field(default_factory=list[str])
    is_cut: bool = False

    def has(self, name: str) -> bool:
        """Tell whether such an event has come."""
        return any(event.name == name for event in self.events)

    async def until(self, holds: Callable[["EventStream"], bool]) -> None:
        """Read until something holds; fail if the stream ends before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds(self):
                assert await self._take(), f"the stream ended after {self.events}"

    async def to_end(self) -> None:
        """Read until the server ends the stream, or dies."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._take():
                pass

    async def _take(self) -> bool:
        """Take one frame; False at the end."""
        fields: dict[str, str] = {}
        try:
            async for line in self.lines:
                name, _, value = line.partition(":")
                if not line and fields:
                    self._note(fields)
                    return True
                if line:
                    fields[name] = value.removeprefix(" ")
        except httpx2.TransportError:
            self.is_cut = True
        return False

    def _note(self, fields: dict[str, str]) -> None:
        if "data" in fields:
            data = msgspec.json.decode(fields["data"])
            self.events.append(Event(id=int(fields["id"]), name=fields["event"], data=data))
            self.came_at[self.events[-1].id] = time.perf_counter()
        elif "" in fields:
            self.comments.append(fields[""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An organization's admin, at one address of the API."""

    http: httpx2.AsyncClient
    url: str
    token: str

    @classmethod
    async def register(cls, http: httpx2.AsyncClient, url: str) -> "Member":
        """Found an organization and return its admin."""
        nobody = cls(http=http, url=url, token="")
        name = uuid4().hex
        answer = await nobody.call(
            "POST",
            "/auth/register",
            {
                "organization_name": name,
                "email": f"admin@{name}.example",
                "password": "correct horse battery",
            },
        )
        assert answer.status == 201, answer.body
        return replace(nobody, token=answer.body["access_token"])

    def at(self, url: str) -> "Member":
        """Return the same member at another address."""
        return replace(self, url=url)

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> Answer:
        """Call the API."""
        response = await self.http.request(
            method,
            self.url + API + path,
            content=None if body is None else msgspec.json.encode(body),
            headers=self._headers(key=key),
        )
        is_json = "json" in response.headers.get("content-type", "")
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=msgspec.json.decode(response.content) if is_json else response.text,
        )

    async def get(self, path: str) -> Any:
        """Return what is there."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.body

    async def thread(self, agent_id: str | None = None) -> str:
        """Begin a conversation."""
        wish = {"agent_id": agent_id} if agent_id else {}
        answer = await self.call("POST", "/chat/threads", wish)
        assert answer.status == 201, answer.body
        return answer.body["id"]

    async def thread_with(self, **agent: Any) -> tuple[str, str]:
        """Begin a conversation with an agent of its own, and return both ids."""
        made = await self.call("POST", "/agents", agent)
        assert made.status == 201, made.body
        return await self.thread(made.body["id"]), made.body["id"]

    async def say(self, thread: str, content: str, *, key: str | None = None) -> Answer:
        """Send a message and wait for the answer."""
        path = f"/chat/threads/{thread}/messages"
        return await self.call("POST", path, {"content": content}, key=key)

    def say_streaming(
        self, thread: str, content: str, *, key: str | None = None
    ) -> AbstractAsyncContextManager[EventStream]:
        """Send a message and follow its run."""
        path = f"/chat/threads/{thread}/messages"
        return self._stream("POST", path, {"content": content}, self._headers(key=key))

    def follow(
        self, thread: str, run: str, after: int = 0
    ) -> AbstractAsyncContextManager[EventStream]:
        """Follow a run from where one left off."""
        path = f"/chat/threads/{thread}/runs/{run}/events"
        headers = self._headers() | ({"last-event-id": str(after)} if after else {})
        return self._stream("GET", path, None, headers)

    async def messages(self, thread: str) -> list[dict[str, Any]]:
        """Return what was said, oldest first."""
        return (await self.get(f"/chat/threads/{thread}/messages?limit=200"))["data"]

    async def tickets(self) -> list[dict[str, Any]]:
        """Return all tickets."""
        return (await self.get("/tickets?limit=200"))["data"]

    def _headers(self, *, key: str | None = None) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if key:
            headers["idempotency-key"] = key
        return headers

    @asynccontextmanager
    async def _stream(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> AsyncGenerator[EventStream]:
        content = None if body is None else msgspec.json.encode(body)
        headers = headers | {"accept": EVENT_STREAM}
        async with self.http.stream(
            method, self.url + API + path, content=content, headers=headers
        ) as response:
            assert response.status_code == 200, await response.aread()
            yield EventStream(response.aiter_lines(), response.headers)


def said_in(events: Sequence[Event]) -> str:
    """Return the concatenated deltas."""
    return "".join(event.data["text"] for event in events if event.name == "text.delta")


def check_whole(events: Sequence[Event], message: dict[str, Any] | None) -> dict[str, Any]:
    """Check that these are a run's events from first to last, and return the answer in them."""
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert events[0].name == "run.started"
    assert [event.id for event in events if event.name in TERMINAL] == [len(events)]
    response = events[-1].data
    assert events[-1].name == "run.completed", response
    assert response["message"] == message
    assert said_in(events) == (message or {"content": ""})["content"]
    return response
