"""Members who keep an installation busy, and remember what they were promised."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.e2e.resilience.client import Answer, Event, Member, check_whole

PATIENCE_SECONDS = 60
STREAMED_EACH = 3
DONE = "The ticket is open."


@dataclass(kw_only=True)
class Busy:
    """One member at an address of its own, who does one thing after the other."""

    name: str
    member: Member
    rounds: int = 0
    answered: int = 0
    resumed: int = 0
    failures: list[str] = field(default_factory=list[str])
    threads: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    titles: list[str] = field(default_factory=list[str])
    tasks: list[str] = field(default_factory=list[str])

    async def until(self, stopped: asyncio.Event) -> None:
        """Be busy until it is time to stop; whatever was begun is ended."""
        while not stopped.is_set():
            self.rounds += 1
            await self._round(f"{self.name} {self.rounds}")

    async def _round(self, title: str) -> None:
        """Have an agent, a task and a call open one ticket each."""
        begun = await self._post("/chat/threads", {}, f"{title} thread", 201)
        if begun:
            said = f"{title} by agent"
            self.threads[begun.body["id"]] = [said]
            self.titles.append(said)
            if self.rounds % STREAMED_EACH:
                path = f"/chat/threads/{begun.body['id']}/messages"
                await self._post(path, {"content": said}, said, 201)
            else:
                await self._stream(begun.body["id"], said)
        by_task = f"{title} by task"
        task = {"task_type": "api_request", "task_data": {"text": by_task}, "max_attempts": 10}
        made = await self._post("/tasks", task, by_task, 202)
        if made:
            self.titles.append(by_task)
            self.tasks.append(made.body["id"])
        if await self._post("/tickets", {"title": title}, title, 201):
            self.titles.append(title)

    async def _post(self, path: str, body: Any, key: str, status: int) -> Answer | None:
        """Post with a key; note what is not answered as it should be."""
        try:
            answer = await self.member.call("POST", path, body, key=key)
        except httpx2.TransportError as error:
            self.failures.append(f"{path} {key}: {error!r}")
            return None
        if answer.status != status:
            self.failures.append(f"{path} {key}: {answer.status} {answer.body}")
            return None
        self.answered += 1
        return answer

    async def _stream(self, thread: str, said: str) -> None:
        """Follow an answer as it is made; go on elsewhere where the stream is cut."""
        events: list[Event] = []
        async with self.member.say_streaming(thread, said, key=said) as stream:
            await stream.to_end()
        events += stream.events
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not events or events[-1].name != "run.completed":
                self.resumed += 1
                if not events:
                    again = self.member.say_streaming(thread, said, key=said)
                else:
                    run = events[0].data["run_id"]
                    again = self.member.follow(thread, run, events[-1].id)
                async with again as stream:
                    await stream.to_end()
                events += stream.events
        self.answered += 1
        check_whole(events, events[-1].data["message"])

    async def check(self) -> None:
        """Check that all that was promised is there, once."""
        for thread, said in self.threads.items():
            messages = await self.member.messages(thread)
            assert [one["role"] for one in messages] == ["user", "assistant"] * len(said)
            assert [one["content"] for one in messages[::2]] == said
            assert [one["content"] for one in messages[1::2]] == [DONE] * len(said), messages
        titles = Counter(ticket["title"] for ticket in await self._all("/tickets"))
        doubled = {title: count for title, count in titles.items() if count > 1}
        lost = set(self.titles) - set(titles)
        assert (doubled, lost) == ({}, set()), f"doubled: {doubled}, lost: {lost}"
        assert set(titles) == set(self.titles)

    async def tasks_ended(self) -> None:
        """Wait until every task is done, and check how it ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                ended = {
                    task["id"]: task["status"]
                    for task in await self._all("/tasks")
                    if task["status"] not in {"queued", "running"}
                }
                if len(ended) >= len(self.tasks):
                    break
                await asyncio.sleep(0.1)
        assert ended == dict.fromkeys(self.tasks, "succeeded")

    async def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self.member.get(f"{path}?limit=200&offset={len(found)}")
            found += page["data"]
            if len(found) >= page["total"]:
                return found


@asynccontextmanager
async def members(url: str, count: int) -> AsyncGenerator[list[Busy]]:
    """Register so many members, each of an organization and at an address of its own."""
    async with AsyncExitStack() as stack:
        busy: list[Busy] = []
        for number in range(count):
            transport = httpx2.AsyncHTTPTransport(
                local_address=f"127.0.1.{number + 1}",
                verify=False,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            )
            http = await stack.enter_async_context(
                httpx2.AsyncClient(transport=transport, timeout=PATIENCE_SECONDS)
            )
            member = await Member.register(http, url)
            busy.append(Busy(name=f"member {number}", member=member))
        yield busy
