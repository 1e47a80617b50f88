"""Run events with word to other processes, by Redis or Valkey, that there are some."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.chat import RunEvent
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents

CHANNEL = "hexdesk:runs"
# Whoever listens says so again and again, and counts as one who does for a while longer.
REPEAT_SECONDS = 2.0
FOLLOWED_SECONDS = 6.0
# What is said within so long is said at once.
PAUSE_SECONDS = 0.005
MOST_AT_ONCE = 500

Ask = Callable[..., Awaitable[Any]]
Hear = Callable[[str], AsyncGenerator[bytes | None]]


class Word(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one process tells the others: runs with news, and runs that somebody there follows."""

    sender: UUID
    news: tuple[UUID, ...] = ()
    followed: tuple[UUID, ...] = ()


class RedisRunEvents(RunEvents):
    """Carries events within this process, and hints between processes; storage has the events.

    Only runs that another process asked about are talked about, except for the end of one, which
    every process may wait for. Nothing waits for the server: what cannot be said is not said, and
    whoever listens looks into storage now and then anyway.
    """

    def __init__(
        self,
        here: MemoryRunEvents,
        clock: Clock,
        *,
        ask: Ask,
        hear: Hear,
        repeat_seconds: float = REPEAT_SECONDS,
    ) -> None:
        self._here = here
        self._clock = clock
        self._ask = ask
        self._hear = hear
        self._repeat_seconds = repeat_seconds
        self._name = clock.new_id()
        self._followed_until: dict[UUID, float] = {}
        self._news: set[UUID] = set()
        self._asked: set[UUID] = set()
        self._something = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Speak and listen to other processes while inside."""
        tasks = [
            asyncio.create_task(self._listen(), name="run hints heard"),
            asyncio.create_task(self._speak(), name="run hints said"),
            asyncio.create_task(self._repeat(), name="run hints repeated"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, run_id: UUID) -> None:
        self._here.open(run_id)

    def publish(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        self._here.publish(run_id, events)
        if self._is_followed_elsewhere(run_id):
            self._news.add(run_id)
            self._something.set()

    def close(self, run_id: UUID) -> None:
        if self._here.is_open(run_id):
            self._news.add(run_id)
            self._something.set()
        self._here.close(run_id)
        self._followed_until.pop(run_id, None)

    def follow(self, run_id: UUID, after: int) -> AsyncGenerator[RunEvent] | None:
        return self._here.follow(run_id, after)

    @contextmanager
    def news(self, run_id: UUID) -> Generator[asyncio.Event]:
        with self._here.news(run_id) as news:
            self._asked.add(run_id)
            self._something.set()
            yield news

    def is_followed(self, run_id: UUID) -> bool:
        return self._here.is_followed(run_id) or self._is_followed_elsewhere(run_id)

    def _is_followed_elsewhere(self, run_id: UUID) -> bool:
        return self._followed_until.get(run_id, 0) > self._clock.elapsed()

    async def _speak(self) -> None:
        while True:
            await self._something.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            self._something.clear()
            while self._news or self._asked:
                word = Word(sender=self._name, news=_some(self._news), followed=_some(self._asked))
                try:
                    await self._ask("PUBLISH", CHANNEL, msgspec.msgpack.encode(word))
                except UnavailableError:
                    # Nobody would hear it later either.
                    self._news.clear()
                    self._asked.clear()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._repeat_seconds)
            self._ask_again()

    def _ask_again(self) -> None:
        if self._here.awaited:
            self._asked.update(self._here.awaited)
            self._something.set()

    async def _listen(self) -> None:
        async with aclosing(self._hear(CHANNEL)) as heard:
            async for said in heard:
                if said is None:
                    self._reconnected()
                else:
                    self._take(said)

    def _reconnected(self) -> None:
        for run_id in self._here.awaited:
            self._here.tell(run_id)
        self._ask_again()

    def _take(self, said: bytes) -> None:
        try:
            word = _decode(said)
        except msgspec.DecodeError:
            # Another version's: hints can be done without.
            return
        if word.sender == self._name:
            return
        until = self._clock.elapsed() + FOLLOWED_SECONDS
        for run_id in word.followed:
            if self._here.is_open(run_id):
                self._followed_until[run_id] = until
        for run_id in word.news:
            self._here.tell(run_id)


def _some(runs: set[UUID]) -> tuple[UUID, ...]:
    return tuple(runs.pop() for _ in range(min(len(runs), MOST_AT_ONCE)))


_decode = msgspec.msgpack.Decoder(Word).decode
