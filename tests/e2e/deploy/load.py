"""Members who keep an installation busy, and remember what they were promised."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.e2e.deploy.pace import Pace
from tests.e2e.resilience.client import Answer, Event, Member, check_whole

PATIENCE_SECONDS = 60
STREAMED_EACH = 3
DONE = "The ticket is open."
BY_AGENT = "by agent"
BY_TASK = "by task"


@dataclass(kw_only=True)
class Busy:
    """One member at an address of its own, who does one thing after the other."""

    name: str
    member: Member
    pace: Pace
    rounds: int = 0
    said: dict[str, str | None] = field(default_factory=dict[str, str | None])
    titles: list[str] = field(default_factory=list[str])
    tasks: list[str] = field(default_factory=list[str])

    async def for_ever(self) -> None:
        """Be busy for as long as the pace allows more."""
        while True:
            self.rounds += 1
            await self._round(f"{self.name} {self.rounds}")

    async def _round(self, title: str) -> None:
        """Have an agent, a task and a call open one ticket each."""
        begun = await self._post("/chat/threads", {}, f"{title} thread", 201)
        if begun:
            self.said[begun.body["id"]] = None
            await self._say(begun.body["id"], f"{title} {BY_AGENT}")
        by_task = f"{title} {BY_TASK}"
        task = {"task_type": "api_request", "task_data": {"text": by_task}, "max_attempts": 10}
        if made := await self._post("/tasks", task, by_task, 202):
            self.titles.append(by_task)
            self.tasks.append(made.body["id"])
        if await self._post("/tickets", {"title": title}, title, 201):
            self.titles.append(title)

    async def _say(self, thread: str, said: str) -> None:
        if self.rounds % STREAMED_EACH:
            path = f"/chat/threads/{thread}/messages"
            is_said = bool(await self._post(path, {"content": said}, said, 201))
        else:
            is_said = await self._stream(thread, said)
        if is_said:
            self.said[thread] = said
            self.titles.append(said)

    async def _post(self, path: str, body: Any, key: str, status: int) -> Answer | None:
        """Post with a key, once; note what is not answered as it should be."""
        await self.pace.turn()
        try:
            answer = await self.member.call("POST", path, body, key=key)
        except httpx2.TransportError as error:
            self.pace.answered(f"{path} {key}: {error!r}")
            return None
        if answer.status != status:
            self.pace.answered(f"{path} {key}: {answer.status} {answer.body}")
            return None
        self.pace.answered()
        return answer

    async def _stream(self, thread: str, said: str) -> bool:
        """Follow an answer as it is made; note what does not begin, or cannot be followed."""
        await self.pace.turn()
        try:
            events = await self._followed(thread, said)
            check_whole(events, events[-1].data["message"])
        except (httpx2.TransportError, TimeoutError, AssertionError) as error:
            self.pace.answered(f"stream {said}: {error!r}")
            return False
        self.pace.answered()
        return True

    async def _followed(self, thread: str, said: str) -> list[Event]:
        """Return all events; whoever has some goes on after the last where a stream is cut.

        A stream whose process dies before its first event is asked for again with its key: its
        answer has begun, so that nginx cannot.
        """
        events: list[Event] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not events or events[-1].name != "run.completed":
                if events:
                    run = events[0].data["run_id"]
                    following = self.member.follow(thread, run, events[-1].id)
                else:
                    following = self.member.say_streaming(thread, said, key=said)
                async with following as stream:
                    await stream.to_end()
                events += stream.events
        return events

    async def check(self) -> None:
        """Check that all that was promised is there, once."""
        await self._tasks_ended()
        threads = await self._all("/chat/threads")
        assert sorted(thread["id"] for thread in threads) == sorted(self.said)
        for thread, said in self.said.items():
            told = [(one["role"], one["content"]) for one in await self.member.messages(thread)]
            assert told == ([("user", said), ("assistant", DONE)] if said else [])
        titles = [ticket["title"] for ticket in await self._all("/tickets")]
        assert differences(titles, self.titles) == {}

    async def _tasks_ended(self) -> None:
        """Wait until every task is done, and check how it ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            tasks = await self._all("/tasks")
            while any(task["status"] in {"queued", "running"} for task in tasks):
                await asyncio.sleep(0.1)
                tasks = await self._all("/tasks")
        assert differences([task["id"] for task in tasks], self.tasks) == {}
        assert {task["status"] for task in tasks} == {"succeeded"}

    async def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self.member.get(f"{path}?limit=200&offset={len(found)}")
            found += page["data"]
            if len(found) >= page["total"]:
                return found


def differences(found: Sequence[str], promised: Sequence[str]) -> dict[str, int]:
    """Return what is there too often, or, below zero, not often enough."""
    counts = Counter(found)
    counts.subtract(Counter(promised))
    return {name: count for name, count in counts.items() if count}


@asynccontextmanager
async def members(url: str, count: int, pace: Pace) -> AsyncGenerator[list[Busy]]:
    """Have so many members be busy, each of an organization and at an address of its own."""
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
            busy.append(Busy(name=f"member {number}", member=member, pace=pace))
        yield busy


@asynccontextmanager
async def at_work(busy: Sequence[Busy]) -> AsyncGenerator[None]:
    """Keep members busy while inside; leave when all that was allowed is answered."""
    async with asyncio.TaskGroup() as load:
        working = [load.create_task(one.for_ever()) for one in busy]
        yield
        for one in working:
            one.cancel()
