"""The log of a run: its events in order, stored before anybody sees them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.agents import ToolUse
from hexdesk.core.model.chat import Run, RunEvent
from hexdesk.core.model.principals import System
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage, Transaction

log = logging.getLogger("hexdesk.runs")

RUN_STARTED = "run.started"
RUN_COMPLETED = "run.completed"
RUN_FAILED = "run.failed"
TEXT_DELTA = "text.delta"
TOOL_STARTED = "tool.started"
TOOL_FINISHED = "tool.finished"
TERMINAL = frozenset({RUN_COMPLETED, RUN_FAILED})
UNFOLLOWED = 20
SMALL_DELTA = 24


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run was when the model last decided on tool calls."""

    event_id: int
    text: str
    tool_uses: tuple[ToolUse, ...]
    runner: bytes


@dataclass(kw_only=True)
class RunLog:
    """Numbers a run's events, stores them in batches, and only then shows them.

    So whoever comes back after a crash finds every event that anybody has seen. Small deltas of
    one batch become one event. While somebody follows the run, a batch waits `flush_seconds` at
    most, else twenty times that. If storage is gone, events are shown all the same.
    """

    run: Run
    who: System
    storage: Storage
    events: RunEvents
    flush_seconds: float
    last_id: int = 0
    text: str = ""
    _delta: str = ""
    _pending: list[RunEvent] = field(default_factory=list[RunEvent])
    _unstored: list[RunEvent] = field(default_factory=list[RunEvent])
    _timer: asyncio.TimerHandle | None = None
    _flushing: asyncio.Task[None] | None = None
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, type_: str, data: object) -> None:
        """Append an event."""
        self._close_delta()
        self._append(type_, data)

    def add_text(self, text: str) -> None:
        """Append to the answer; what is said first is shown at once."""
        if not text:
            return
        is_first = not self.text
        self.text += text
        self._delta += text
        if len(self._delta) >= SMALL_DELTA:
            self._close_delta()
        if self._timer is None:
            is_followed = self.events.is_followed(self.run.id)
            seconds = self.flush_seconds * (1 if is_followed else UNFOLLOWED)
            delay = 0 if is_first and is_followed else seconds
            self._timer = asyncio.get_running_loop().call_later(delay, self._start_flush)

    def checkpoint(self, tool_uses: tuple[ToolUse, ...], steps: bytes) -> bytes:
        """Return what a later process needs to go on from here."""
        self._close_delta()
        checkpoint = Checkpoint(
            event_id=self.last_id, text=self.text, tool_uses=tool_uses, runner=steps
        )
        return msgspec.msgpack.encode(checkpoint)

    async def flush(self) -> None:
        """Store what is pending and show it."""
        async with self._order:
            batch = self._take()
            if batch:
                await self._store(batch)
                self.events.publish(self.run.id, batch)

    async def commit(self, store: Callable[[Transaction], Awaitable[bool]]) -> bool:
        """Store what is pending in one transaction with what `store` stores, then show it.

        Return False, and show nothing, if `store` does: then the run is somebody else's. Raise
        `StorageUnavailableError`, with everything still pending, when storage is gone.
        """
        async with self._order:
            batch = self._take()
            try:
                async with self.storage.transaction(self.who) as tx:
                    if not await store(tx):
                        return False
                    await tx.event_log.add(self.run.id, [*self._unstored, *batch])
            except StorageUnavailableError:
                self._pending = [*batch, *self._pending]
                raise
            self._unstored = []
            self.events.publish(self.run.id, batch)
            return True

    def amend(self, data: object) -> tuple[RunEvent, ...]:
        """Change the last pending event, show all that is pending, and return what is unstored."""
        last = self._pending[-1]
        raw = msgspec.Raw(msgspec.json.encode(data))
        batch = [*self._pending[:-1], RunEvent(id=last.id, type=last.type, data=raw)]
        self._pending = []
        self.events.publish(self.run.id, batch)
        return (*self._unstored, *batch)

    async def _store(self, batch: list[RunEvent]) -> None:
        try:
            async with self.storage.transaction(self.who) as tx:
                await tx.event_log.add(self.run.id, [*self._unstored, *batch])
            self._unstored = []
        except StorageUnavailableError:
            log.warning("run events not stored", extra={"run_id": str(self.run.id)})
            self._unstored += batch

    def _take(self) -> list[RunEvent]:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._close_delta()
        batch, self._pending = self._pending, []
        return batch

    def _close_delta(self) -> None:
        if self._delta:
            text, self._delta = self._delta, ""
            self._append(TEXT_DELTA, {"text": text})

    def _append(self, type_: str, data: object) -> None:
        self.last_id += 1
        raw = msgspec.Raw(msgspec.json.encode(data))
        self._pending.append(RunEvent(id=self.last_id, type=type_, data=raw))

    def _start_flush(self) -> None:
        self._timer = None
        self._flushing = asyncio.ensure_future(self.flush())
