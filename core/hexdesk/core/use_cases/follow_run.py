"""Following a run: its events as they come, wherever it is being done."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from hexdesk.core.errors import BusyError, GoneError, NotFoundError
from hexdesk.core.model.chat import ChatResponse, Run, RunEvent, RunStatus
from hexdesk.core.model.principals import Person
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_log import RUN_COMPLETED, RUN_FAILED, TERMINAL
from hexdesk.core.use_cases.run_news import news_or
from hexdesk.core.use_cases.threads import visible_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRun:
    """Show the events of a run to somebody who may see its thread."""

    storage: Storage
    clock: Clock
    events: RunEvents
    settings: DeskSettings

    async def __call__(
        self, who: Person, thread_id: UUID, run_id: UUID, after: int = 0
    ) -> AsyncGenerator[RunEvent]:
        """Return the run's events with a greater id, the terminal one last.

        Raise `NotFoundError` for a run that does not exist for the caller, `GoneError` for one
        whose events are no longer kept.
        """
        async with self.storage.transaction(who) as tx:
            await visible_thread(tx, who, thread_id)
            run = await tx.runs.get(run_id)
        if run.thread_id != thread_id:
            raise NotFoundError(f"no run {run_id} in thread {thread_id}")
        if run.created_at < self.clock.now() - timedelta(seconds=self.settings.events_kept_seconds):
            raise GoneError("the run's events are no longer kept")
        return self.follow(who, run_id, after)

    async def follow(self, who: Person, run_id: UUID, after: int) -> AsyncGenerator[RunEvent]:
        """Yield a run's events with a greater id, the terminal one last."""
        heard = self.events.follow(run_id, after)
        if heard is not None:
            async with aclosing(heard):
                async for event in heard:
                    if event.id > after + 1:
                        # Another process began the run: what that one told is in storage only.
                        for missed in await self._stored(who, run_id, after, event.id):
                            yield missed
                    after = event.id
                    yield event
                    if event.type in TERMINAL:
                        return
        async for event in self._from_storage(who, run_id, after):
            yield event

    async def _stored(
        self, who: Person, run_id: UUID, after: int, before: int
    ) -> tuple[RunEvent, ...]:
        async with self.storage.transaction(who) as tx:
            events, _ = await tx.event_log.after(run_id, after)
        return tuple(event for event in events if event.id < before)

    async def _from_storage(
        self, who: Person, run_id: UUID, after: int
    ) -> AsyncGenerator[RunEvent]:
        with self.events.news(run_id) as news:
            while True:
                # What happens from here on sets it again: no news is lost between two looks.
                news.clear()
                async with self.storage.transaction(who) as tx:
                    events, status = await tx.event_log.after(run_id, after)
                for event in events:
                    after = event.id
                    yield event
                if status is not RunStatus.RUNNING or any(one.type in TERMINAL for one in events):
                    return
                await news_or(self.settings.poll_seconds, news)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitAnswer:
    """Wait for the answer that a run gives."""

    storage: Storage
    run_desk: RunDesk
    follow_run: FollowRun
    settings: DeskSettings

    async def __call__(self, who: Person, run: Run) -> ChatResponse:
        """Return the answer; raise `BusyError` if that takes too long, or this process ends."""
        if run.response:
            return run.response
        margin = self.settings.thread_wait_seconds + 2 * self.settings.run_lease_seconds
        try:
            async with asyncio.timeout(run.settings.timeout_seconds + margin):
                answer = await self._answer(who, run.id)
        except TimeoutError:
            answer = None
        if answer is None:
            raise BusyError("the answer is still being made: ask for it again")
        return answer

    async def by_id(self, who: Person, run_id: UUID) -> ChatResponse:
        """Return the answer of a run that was started earlier."""
        async with self.storage.transaction(who) as tx:
            run = await tx.runs.get(run_id)
        return await self(who, run)

    async def _answer(self, who: Person, run_id: UUID) -> ChatResponse | None:
        return await self.run_desk.answer(run_id) or await self.run_desk.unless_drained(
            self._heard(who, run_id)
        )

    async def _heard(self, who: Person, run_id: UUID) -> ChatResponse | None:
        async with aclosing(self.follow_run.follow(who, run_id, 0)) as events:
            async for event in events:
                if event.type == RUN_COMPLETED:
                    return msgspec.json.decode(event.data, type=ChatResponse)
                if event.type == RUN_FAILED:
                    # What remains of it is stored with the run.
                    async with self.storage.transaction(who) as tx:
                        return (await tx.runs.get(run_id)).response
        return None
