"""Small ports in memory: cache, journal, events, rate limits, telemetry."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from hexdesk.core.errors import JournalFullError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse, RunEvent
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter, Verdict
from hexdesk.core.ports.telemetry import Telemetry

_MICRO = 1_000_000


class MemoryCache(Cache):
    """Keeps values until their time is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[bytes, float]] = {}

    async def get(self, key: str) -> bytes | None:
        value, until = self._kept.get(key, (None, 0.0))
        return value if until > self._clock.elapsed() else None

    async def put(self, key: str, value: bytes, ttl_seconds: float) -> None:
        self._kept[key] = (value, self._clock.elapsed() + ttl_seconds)

    async def drop(self, key: str) -> None:
        self._kept.pop(key, None)


class MemoryJournal(Journal):
    """Keeps entries until they are removed; `is_full = True` makes it refuse the next one."""

    def __init__(self, bound: int = 1000) -> None:
        self.is_full = False
        self._bound = bound
        self._entries: dict[str, bytes] = {}
        self._appended = 0

    async def append(self, entry: bytes) -> None:
        if problem := self.problem():
            raise JournalFullError(problem)
        self._appended += 1
        self._entries[f"{self._appended:012}"] = entry

    async def pending(self) -> tuple[tuple[str, bytes], ...]:
        return tuple(self._entries.items())

    async def remove(self, name: str) -> None:
        self._entries.pop(name, None)

    def problem(self) -> str | None:
        if self.is_full or len(self._entries) >= self._bound:
            return "the journal is full"
        return None


@dataclass
class _Broadcast:
    events: list[RunEvent] = field(default_factory=list[RunEvent])
    is_over: bool = False
    followers: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def announce(self) -> None:
        heard, self.news = self.news, asyncio.Event()
        heard.set()

    async def follow(self, after: int) -> AsyncGenerator[RunEvent]:
        self.followers += 1
        try:
            told = 0
            while True:
                news = self.news
                while told < len(self.events):
                    event = self.events[told]
                    told += 1
                    if event.id > after:
                        yield event
                if self.is_over:
                    return
                await news.wait()
        finally:
            self.followers -= 1


class MemoryEvents(RunEvents):
    """Carries events within this process."""

    def __init__(self) -> None:
        self._broadcasts: dict[UUID, _Broadcast] = {}
        self._waiting: list[tuple[UUID, asyncio.Event]] = []

    def open(self, run_id: UUID) -> None:
        self._broadcasts.setdefault(run_id, _Broadcast())

    def publish(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        broadcast = self._broadcasts.get(run_id)
        if broadcast is not None:
            broadcast.events.extend(events)
            broadcast.announce()
            self.tell(run_id)

    def close(self, run_id: UUID) -> None:
        broadcast = self._broadcasts.pop(run_id, None)
        if broadcast is not None:
            broadcast.is_over = True
            broadcast.announce()
            self.tell(run_id)

    def follow(self, run_id: UUID, after: int) -> AsyncGenerator[RunEvent] | None:
        broadcast = self._broadcasts.get(run_id)
        return None if broadcast is None else broadcast.follow(after)

    @contextmanager
    def news(self, run_id: UUID) -> Generator[asyncio.Event]:
        waiting = (run_id, asyncio.Event())
        self._waiting.append(waiting)
        try:
            yield waiting[1]
        finally:
            self._waiting.remove(waiting)

    def is_followed(self, run_id: UUID) -> bool:
        broadcast = self._broadcasts.get(run_id)
        return broadcast is not None and (broadcast.followers > 0 or self.is_awaited(run_id))

    def is_awaited(self, run_id: UUID) -> bool:
        """Tell whether somebody waits for news of the run."""
        return any(one == run_id for one, _ in self._waiting)

    def tell(self, run_id: UUID) -> None:
        """Say that the run has news, as another process would."""
        for one, news in self._waiting:
            if one == run_id:
                news.set()


class UnlimitedLimiter(RateLimiter):
    """Lets everything pass."""

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        rate = attempts[0].rate
        return Verdict(
            is_allowed=True, rate=rate, remaining=rate.limit, retry_after=0, reset_after=0
        )


class CountingLimiter(RateLimiter):
    """Counts in whole numbers, so that a test can expect exact ones; records what it allowed.

    A bucket holds microseconds times the limit: an attempt adds the rate's period, and in each
    microsecond the limit leaks out.
    """

    def __init__(self, clock: Clock) -> None:
        self.allowed: list[Attempt] = []
        self._clock = clock
        self._buckets: dict[Attempt, tuple[int, int]] = {}

    async def hit(self, attempts: Sequence[Attempt]) -> Verdict:
        now = round(self._clock.elapsed() * _MICRO)
        levels: dict[Attempt, int] = {}
        verdicts: list[Verdict] = []
        for attempt in attempts:
            level = levels.get(attempt, self._level(attempt, now))
            verdicts.append(_verdict(attempt.rate, level))
            levels[attempt] = level + _period(attempt.rate)
        closest = max(verdicts, key=lambda verdict: (verdict.retry_after, -_share_left(verdict)))
        if closest.is_allowed:
            self._buckets.update({attempt: (level, now) for attempt, level in levels.items()})
            self.allowed.extend(attempts)
        return closest

    def _level(self, attempt: Attempt, now: int) -> int:
        level, at = self._buckets.get(attempt, (0, now))
        return max(level - (now - at) * attempt.rate.limit, 0)


def _period(rate: Rate) -> int:
    return rate.period_seconds * _MICRO


def _share_left(verdict: Verdict) -> float:
    return verdict.remaining / verdict.rate.limit


def _verdict(rate: Rate, level: int) -> Verdict:
    room = _period(rate) * (rate.limit - 1) - level
    per_second = rate.limit * _MICRO
    return Verdict(
        is_allowed=room >= 0,
        rate=rate,
        remaining=max(room, 0) // _period(rate),
        retry_after=max(-room, 0) / per_second,
        reset_after=(level if room < 0 else level + _period(rate)) / per_second,
    )


class ToolCalled(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry was told of a tool call."""

    tool: str
    status: ToolUseStatus
    seconds: float


class TaskTried(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry was told of an attempt at a task."""

    task_type: str
    outcome: TaskStatus
    seconds: float


class SlowOperation(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry was told of a slow operation."""

    operation: str
    seconds: float


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry was told of an answer."""

    agent_id: UUID
    response: ChatResponse


class RecordingTelemetry(Telemetry):
    """Records what it was told."""

    def __init__(self) -> None:
        self.answers: list[Answered] = []
        self.tool_calls: list[ToolCalled] = []
        self.tasks: list[TaskTried] = []
        self.citations: list[tuple[int, int]] = []
        self.slow_operations: list[SlowOperation] = []

    def answered(self, agent_id: UUID, response: ChatResponse) -> None:
        self.answers.append(Answered(agent_id=agent_id, response=response))

    def tool_called(self, tool: str, status: ToolUseStatus, seconds: float) -> None:
        self.tool_calls.append(ToolCalled(tool=tool, status=status, seconds=seconds))

    def task_tried(self, task_type: str, outcome: TaskStatus, seconds: float) -> None:
        self.tasks.append(TaskTried(task_type=task_type, outcome=outcome, seconds=seconds))

    def cited(self, kept: int, dropped: int) -> None:
        self.citations.append((kept, dropped))

    def slow(self, operation: str, seconds: float) -> None:
        self.slow_operations.append(SlowOperation(operation=operation, seconds=seconds))
