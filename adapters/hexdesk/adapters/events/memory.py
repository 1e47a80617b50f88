"""Run events carried within this process."""

from asyncio import Event
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Generator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from uuid import UUID

from hexdesk.core.model.chat import RunEvent
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents

KEEP_SECONDS = 60
MAX_CLOSED_BYTES = 64 * 1024 * 1024
# What Python spends on an event beside its data, roughly.
EVENT_BYTES = 300


class MemoryRunEvents(RunEvents):
    """Keeps a run's events while it runs and a little longer, for those who come late.

    Closed runs go when their time is over, or earlier, oldest first, when they take too much
    memory. Events of a run that is not open go nowhere.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        keep_seconds: float = KEEP_SECONDS,
        max_closed_bytes: int = MAX_CLOSED_BYTES,
    ) -> None:
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._max_closed_bytes = max_closed_bytes
        self._open: dict[UUID, _Stream] = {}
        self._closed: OrderedDict[UUID, _Stream] = OrderedDict()
        self._closed_bytes = 0
        self._awaited: dict[UUID, set[Event]] = {}

    @property
    def awaited(self) -> Collection[UUID]:
        """The runs that somebody here waits for news of."""
        return self._awaited.keys()

    def open(self, run_id: UUID) -> None:
        self._forget_old()
        if run_id in self._open:
            return
        # A run that is taken up again goes on where it was.
        stream = self._take_closed(run_id) or _Stream()
        stream.closed_at = None
        self._open[run_id] = stream

    def publish(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        if stream := self._open.get(run_id):
            stream.add(events)
            self.tell(run_id)

    def close(self, run_id: UUID) -> None:
        stream = self._open.pop(run_id, None)
        if stream is not None:
            stream.end(self._clock.elapsed())
            self._closed[run_id] = stream
            self._closed_bytes += stream.size
            self.tell(run_id)
        self._forget_old()

    def follow(self, run_id: UUID, after: int) -> AsyncGenerator[RunEvent] | None:
        self._forget_old()
        stream = self._open.get(run_id) or self._closed.get(run_id)
        return None if stream is None else stream.follow(after)

    @contextmanager
    def news(self, run_id: UUID) -> Generator[Event]:
        news = Event()
        self._awaited.setdefault(run_id, set()).add(news)
        try:
            yield news
        finally:
            waiting = self._awaited[run_id]
            waiting.discard(news)
            if not waiting:
                del self._awaited[run_id]

    def tell(self, run_id: UUID) -> None:
        """Tell those who wait for news of a run that there may be some."""
        for news in self._awaited.get(run_id, ()):
            news.set()

    def is_open(self, run_id: UUID) -> bool:
        """Tell whether the run's events are published here."""
        return run_id in self._open

    def is_followed(self, run_id: UUID) -> bool:
        stream = self._open.get(run_id)
        return stream is not None and (stream.is_followed or run_id in self._awaited)

    def _forget_old(self) -> None:
        horizon = self._clock.elapsed() - self._keep_seconds
        while self._closed:
            run_id, stream = next(iter(self._closed.items()))
            is_young = stream.closed_at is not None and stream.closed_at > horizon
            if is_young and self._closed_bytes <= self._max_closed_bytes:
                return
            self._take_closed(run_id)

    def _take_closed(self, run_id: UUID) -> "_Stream | None":
        stream = self._closed.pop(run_id, None)
        if stream is not None:
            self._closed_bytes -= stream.size
        return stream


class _Stream:
    """The events of one run, and who waits for more."""

    def __init__(self) -> None:
        self.size = 0
        self.closed_at: float | None = None
        self._events: list[RunEvent] = []
        self._followers: set[Event] = set()

    @property
    def is_followed(self) -> bool:
        return bool(self._followers)

    def add(self, events: Sequence[RunEvent]) -> None:
        self._events.extend(events)
        self.size += sum(len(memoryview(event.data)) + EVENT_BYTES for event in events)
        self._wake()

    def end(self, now: float) -> None:
        self.closed_at = now
        self._wake()

    async def follow(self, after: int) -> AsyncGenerator[RunEvent]:
        news = Event()
        self._followers.add(news)
        try:
            position = bisect_right(self._events, after, key=attrgetter("id"))
            while True:
                # A slow reader costs nothing but its place in the list.
                while position < len(self._events):
                    yield self._events[position]
                    position += 1
                if self.closed_at is not None:
                    return
                news.clear()
                await news.wait()
        finally:
            self._followers.discard(news)

    def _wake(self) -> None:
        for news in self._followers:
            news.set()
