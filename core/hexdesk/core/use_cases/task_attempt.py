"""One attempt at a task: held by a lease while the work goes on, and what it came to."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import BusyError, TaskLostError, UnavailableError
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Task
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage

log = logging.getLogger("hexdesk.tasks")
LEAST_REPORT_SECONDS = 0.5
T = TypeVar("T")


def about(task: Task, **more: str) -> dict[str, str]:
    """Return what a log line about a task says: which one, of what type, and whose."""
    ids = {"task_id": str(task.id), "organization_id": str(task.organization_id)}
    return {**ids, "task_type": task.task_type, **more}


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A claimed task while it is being done; `task` says how far the work is."""

    task: Task
    lease_token: UUID
    storage: Storage
    clock: Clock
    settings: DeskSettings
    started_at: float
    _reported_at: float | None = None

    @property
    def who(self) -> System:
        """The desk itself, which writes the task's own row."""
        return System(organization_id=self.task.organization_id)

    async def report(self, progress: float) -> None:
        """Store how far the work is, now and then, and never less than before."""
        now = self.clock.elapsed()
        is_soon = self._reported_at is not None and now - self._reported_at < LEAST_REPORT_SECONDS
        if progress <= self.task.progress or is_soon:
            return
        self._reported_at = now
        await self._renew(progress=min(progress, 1.0))

    async def save(self, steps: bytes) -> None:
        """Store from where the next attempt can go on."""
        await self._renew(steps=steps)

    async def during(self, work: Coroutine[None, None, T], seconds: float) -> T:
        """Do the work for so long at most, and hold the lease meanwhile.

        Raise `TaskLostError` as soon as the task is somebody else's or cancelled, and
        `TimeoutError` when the time is over; in either case the work has been cancelled.
        """
        doing = asyncio.create_task(work)
        holding = asyncio.create_task(self._hold())
        both = (doing, holding)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise TaskLostError("the task is somebody else's by now")
            return doing.result()
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _hold(self) -> None:
        """Renew the lease again and again, and return once it is lost."""
        lease = timedelta(seconds=self.settings.run_lease_seconds)
        held_until = self.clock.now() + lease
        while True:
            await asyncio.sleep(self.settings.run_lease_seconds / 3)
            try:
                await self._renew()
            except TaskLostError:
                return
            except (BusyError, UnavailableError) as error:
                # From then on another may do it, so this attempt must not.
                if self.clock.now() >= held_until:
                    return
                log.warning("task not held", extra=about(self.task, reason=str(error)))
            else:
                held_until = self.clock.now() + lease

    async def _renew(self, *, progress: float | None = None, steps: bytes | None = None) -> None:
        until = self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)
        async with self.storage.transaction(self.who) as tx:
            is_ours = await tx.tasks.renew(
                self.task.id, self.lease_token, until, progress=progress, steps=steps
            )
        if not is_ours:
            raise TaskLostError("the task is somebody else's by now")
        if progress is not None:
            self.task = replace(self.task, progress=progress)
        if steps is not None:
            self.task = replace(self.task, steps=steps)
