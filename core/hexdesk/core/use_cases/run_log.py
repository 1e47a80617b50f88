"""The log of a run: its events in order, stored before anybody sees them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from hexdesk.core.errors import DeskError
from hexdesk.core.model.chat import Run, RunEvent
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.storable import storable
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage, Transaction

log = logging.getLogger("hexdesk.runs")

RUN_STARTED = "run.started"
RUN_COMPLETED = "run.completed"
RUN_FAILED = "run.failed"
TEXT_DELTA = "text.delta"
TOOL_STARTED = "tool.started"
TOOL_FINISHED = "tool.finished"
APPROVAL_REQUIRED = "approval.required"
TERMINAL = frozenset({RUN_COMPLETED, RUN_FAILED})
UNFOLLOWED = 20
SMALL_DELTA = 24


def about(run: Run, **more: str) -> dict[str, str]:
    """Return what a log line about a run says: which one, and whose, also after a take-over."""
    organization_id = str(run.principal.organization_id)
    return {"run_id": str(run.id), "organization_id": organization_id, **more}


@dataclass(kw_only=True)
class RunLog:
    """Numbers a run's events, stores them in batches, and only then shows them.

    So whoever comes back after a crash finds every event that anybody has seen. Small deltas of
    one batch become one event. While somebody follows the run, a batch waits `flush_seconds` at
    most, else twenty times that. If storage is gone, events are shown all the same; if the run is
    somebody else's by now, they are neither stored nor shown. What tells of a commit waits for it:
    a run that was said to be over, and was not, would be gone on with after a crash.
    """

    run: Run
    who: System
    storage: Storage
    clock: Clock
    events: RunEvents
    settings: DeskSettings
    last_id: int = 0
    text: str = ""
    _delta: str = ""
    _pending: list[RunEvent] = field(default_factory=list[RunEvent])
    _last: list[RunEvent] = field(default_factory=list[RunEvent])
    _unstored: list[RunEvent] = field(default_factory=list[RunEvent])
    _amended: list[RunEvent] = field(default_factory=list[RunEvent])
    _timer: asyncio.TimerHandle | None = None
    _due: float = 0
    _flushing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, type_: str, data: object) -> None:
        """Append an event."""
        self._close_delta()
        self._pending.append(self._next(type_, _raw(data)))
        self._flush_within(self._patience())

    def add_last(self, type_: str, data: object) -> None:
        """Append an event that tells of what the next commit stores, and is stored with it."""
        self._close_delta()
        self._last.append(self._next(type_, _raw(data)))

    def add_text(self, text: str) -> None:
        """Append to the answer; what is said first is shown at once."""
        if not text:
            return
        is_first = not self.text
        said = storable(text)
        self.text += said
        self._delta += said
        if len(self._delta) >= SMALL_DELTA:
            self._close_delta()
        is_waited_for = is_first and self.events.is_followed(self.run.id)
        self._flush_within(0 if is_waited_for else self._patience())

    async def flush(self) -> None:
        """Store what is pending and show it."""
        async with self._order:
            batch = self._take()
            try:
                is_ours = bool(batch) and await self._store(batch)
            except BaseException:
                self._pending = [*batch, *self._pending]
                raise
            if is_ours:
                self.events.publish(self.run.id, batch)

    async def commit(self, store: Callable[[Transaction], Awaitable[bool]]) -> bool:
        """Store what is pending in one transaction with what `store` stores, then show it.

        Return False, and show nothing, if `store` does: then the run is somebody else's. Whatever
        else keeps it from being stored, everything is still pending.
        """
        async with self._order:
            batch, is_stored = self._take(), False
            try:
                async with self.storage.transaction(self.who) as tx:
                    if not await store(tx):
                        return False
                    await tx.event_log.add(self.run.id, [*self._unstored, *batch, *self._last])
                is_stored = True
            finally:
                if not is_stored:
                    self._pending = [*batch, *self._pending]
            batch += self._last
            self._unstored, self._last = [], []
            self.events.publish(self.run.id, batch)
            return True

    def end_otherwise(self, end: RunEvent, kept: Callable[[RunEvent], bool]) -> None:
        """End the run with another event than the last one, and drop what is not to be kept.

        Nobody has seen what is pending, so the others move up and the stream has no gap.
        """
        pending = [*self._take(), *self._last]
        self.last_id -= len(pending)
        self._pending = [self._next(one.type, one.data) for one in filter(kept, pending[:-1])]
        self._last = [self._next(end.type, end.data)]

    def amend(self, data: object) -> tuple[RunEvent, ...]:
        """Change the last event and return all that is unstored, for `show` to show."""
        *batch, last = [*self._take(), *self._last]
        self._last = []
        self._amended = [*batch, RunEvent(id=last.id, type=last.type, data=_raw(data))]
        return (*self._unstored, *self._amended)

    def show(self) -> None:
        """Show what was amended, now that it is kept elsewhere."""
        self.events.publish(self.run.id, self._amended)

    def close(self) -> None:
        """Forget what is pending: nobody has seen it, and another may go on with the run."""
        self._take()

    async def _store(self, batch: list[RunEvent]) -> bool:
        lease_until = self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)
        try:
            async with self.storage.transaction(self.who) as tx:
                # Whoever has taken the run over must not find our events among its own.
                if not await tx.runs.renew(self.run.id, self.run.lease_token, lease_until):
                    return False
                await tx.event_log.add(self.run.id, [*self._unstored, *batch])
        except DeskError as error:
            log.warning("run events not stored", extra=about(self.run, reason=str(error)))
            self._unstored += batch
        else:
            self._unstored = []
        return True

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
            self._pending.append(self._next(TEXT_DELTA, _raw({"text": text})))

    def _next(self, type_: str, data: msgspec.Raw) -> RunEvent:
        self.last_id += 1
        return RunEvent(id=self.last_id, type=type_, data=data)

    def _patience(self) -> float:
        is_followed = self.events.is_followed(self.run.id)
        return self.settings.flush_seconds * (1 if is_followed else UNFOLLOWED)

    def _flush_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        if self._timer:
            if self._due <= due:
                return
            self._timer.cancel()
        # Not the handle's own time: what a loop gives for "at once" need not have one.
        self._due = due
        self._timer = loop.call_later(seconds, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        flushing = asyncio.ensure_future(self._flush_unasked())
        self._flushing.add(flushing)
        flushing.add_done_callback(self._flushing.discard)

    async def _flush_unasked(self) -> None:
        try:
            await self.flush()
        except Exception:
            # The edge of a background task: the next flush or commit has it all.
            log.exception("run events not stored", extra=about(self.run))


def _raw(data: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(data))
