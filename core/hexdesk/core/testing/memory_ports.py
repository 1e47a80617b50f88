"""Small ports in memory: cache, journal, events, telemetry, egress."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from hexdesk.core.errors import DeskError, EgressRefusedError, JournalFullError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse, RunEvent
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import Egress, EgressAnswer
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.telemetry import Telemetry


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
        self.citations: list[tuple[int, int]] = []
        self.tasks: list[TaskTried] = []
        self.slow_operations: list[SlowOperation] = []

    def answered(self, agent_id: UUID, response: ChatResponse) -> None:
        self.answers.append(Answered(agent_id=agent_id, response=response))

    def tool_called(self, tool: str, status: ToolUseStatus, seconds: float) -> None:
        self.tool_calls.append(ToolCalled(tool=tool, status=status, seconds=seconds))

    def cited(self, kept: int, dropped: int) -> None:
        self.citations.append((kept, dropped))

    def task_tried(self, task_type: str, outcome: TaskStatus, seconds: float) -> None:
        self.tasks.append(TaskTried(task_type=task_type, outcome=outcome, seconds=seconds))

    def slow(self, operation: str, seconds: float) -> None:
        self.slow_operations.append(SlowOperation(operation=operation, seconds=seconds))


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A request that went out."""

    url: str
    body: bytes
    headers: dict[str, str] = {}


class RecordingEgress(Egress):
    """Records what is posted; answers as told, in order, and then with 200 and no body.

    Addresses in `refused` may not be called.
    """

    def __init__(self, *answers: EgressAnswer | DeskError) -> None:
        self.posted: list[Posted] = []
        self.refused: set[str] = set()
        self._answers = list(answers)

    def check(self, url: str) -> None:
        if url in self.refused:
            raise EgressRefusedError(f"{url!r} may not be called from here")

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> EgressAnswer:
        self.check(url)
        self.posted.append(Posted(url=url, body=body, headers=dict(headers or {})))
        answer = self._answers.pop(0) if self._answers else _EMPTY
        if isinstance(answer, DeskError):
            raise answer
        return answer


_EMPTY = EgressAnswer(status_code=200, headers={}, body=b"")
