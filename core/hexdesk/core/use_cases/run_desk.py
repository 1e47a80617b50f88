"""The runs of this process: started, held by lease, taken over from the dead, drained."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.chat import ChatResponse
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.answers import RestoreAnswers
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.run_in_progress import Assignment
from hexdesk.core.use_cases.run_worker import RunWorker

log = logging.getLogger("hexdesk.runs")
MOST_AT_ONCE = 20
Doing = asyncio.Task[ChatResponse | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDesk:
    """Owns the runs of this process: no request does, so none takes its run with it."""

    storage: Storage
    clock: Clock
    events: RunEvents
    worker: RunWorker
    assignments: Assignments
    restore_answers: RestoreAnswers
    settings: DeskSettings
    _tasks: dict[UUID, Doing] = field(default_factory=dict[UUID, Doing])
    _held: dict[UUID, Assignment] = field(default_factory=dict[UUID, Assignment])
    _draining: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_full(self) -> bool:
        """Whether this process may not take another run."""
        return self._draining.is_set() or len(self._tasks) >= self.settings.most_runs

    @property
    def running(self) -> int:
        """How many runs are being done here."""
        return len(self._tasks)

    def start(self, task: Assignment) -> None:
        """Do a new run from now on, whoever goes away meanwhile."""
        self.events.open(task.run.id)
        self.events.publish(task.run.id, task.seen)
        self._do(task)

    async def ended(self, run_id: UUID) -> bool:
        """Wait until a run of this process is over; False at once if it is not one."""
        doing = self._tasks.get(run_id)
        if doing:
            await asyncio.wait([doing])
        return doing is not None

    async def answer(self, run_id: UUID) -> ChatResponse | None:
        """Wait for the answer of a run of this process; None if it is not one, or gives none."""
        doing = self._tasks.get(run_id)
        if doing is None:
            return None
        await asyncio.wait([doing])
        return None if doing.cancelled() or doing.exception() else doing.result()

    async def recover(self) -> int:
        """Store what waits in the journal, then go on with runs whose process is gone.

        Return how many runs were taken over.
        """
        await self.restore_answers()
        taken = 0
        for run_id, organization_id in await self.storage.directory.abandoned_runs(MOST_AT_ONCE):
            if run_id in self._tasks or self.is_full:
                continue
            try:
                taken += await self.take_over(run_id, organization_id)
            except UnavailableError:
                raise
            except Exception:
                # One that cannot be taken over must not keep the others waiting.
                log.exception("run not taken over", extra={"run_id": str(run_id)})
        return taken

    async def take_over(self, run_id: UUID, organization_id: UUID) -> bool:
        """Go on with an abandoned run; False if it ended, or somebody else has it."""
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            run = await tx.runs.take_over(run_id, self.clock.new_id(), self._lease_end())
            if run is None:
                return False
            task = await self.assignments.again(tx, run)
        log.warning("run taken over", extra={"run_id": str(run_id)})
        self.events.open(run_id)
        self._do(task)
        return True

    async def renew(self) -> None:
        """Hold the leases of the runs that take long."""
        until = self._lease_end()
        for run_id, task in tuple(self._held.items()):
            who = System(organization_id=task.thread.organization_id)
            async with self.storage.transaction(who) as tx:
                is_ours = await tx.runs.renew(run_id, task.run.lease_token, until)
            running = self._tasks.get(run_id)
            if not is_ours and running:
                log.warning("run lost", extra={"run_id": str(run_id)})
                running.cancel()

    async def keep_house(self) -> None:
        """Renew leases and recover runs, again and again, until cancelled."""
        pause = self.settings.run_lease_seconds / 3
        while True:
            for work in (self.renew, self.recover):
                try:
                    await work()
                except UnavailableError as error:
                    log.warning("housekeeping put off", extra={"reason": str(error)})
                except Exception:
                    # Whatever goes wrong, the leases must be held.
                    log.exception("housekeeping failed")
            await asyncio.sleep(pause)

    async def drain(self, seconds: float) -> None:
        """Take no more runs and let these end; what is not over by then is left for another."""
        self._draining.set()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        for task in tuple(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _lease_end(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)

    def _do(self, task: Assignment) -> None:
        run_id = task.run.id
        doing = asyncio.create_task(self.worker(task), name=f"run {run_id}")
        self._held[run_id] = task
        self._tasks[run_id] = doing
        # Not at the worker's own end: one that is cancelled before it begins has none.
        doing.add_done_callback(partial(self._over, run_id))

    def _over(self, run_id: UUID, doing: Doing) -> None:
        self.events.close(run_id)
        del self._tasks[run_id], self._held[run_id]
        if not doing.cancelled() and (error := doing.exception()):
            log.error("run broke off", extra={"run_id": str(run_id)}, exc_info=error)
