"""The runs of this process: started, held by lease, taken over from the dead, drained."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from hexdesk.core.errors import DeskError, UnavailableError
from hexdesk.core.model.chat import ChatResponse, Run
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.restoring import RestoreAnswers
from hexdesk.core.use_cases.run_in_progress import Assignment
from hexdesk.core.use_cases.run_log import about
from hexdesk.core.use_cases.run_news import news_or
from hexdesk.core.use_cases.run_worker import RunWorker

log = logging.getLogger("hexdesk.runs")
MOST_AT_ONCE = 20
LET_GO_SECONDS = 1
Doing = asyncio.Task[ChatResponse | None]
T = TypeVar("T")


@dataclass(slots=True)
class _Outage:
    """Until when storage counts as gone: a while longer than it is."""

    over_at: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDesk:
    """Owns the runs of this process: no request does, so none takes its run with it.

    So it does what accompanies a run, and goes on for a moment when that is over.
    """

    storage: Storage
    clock: Clock
    events: RunEvents
    worker: RunWorker
    assignments: Assignments
    restore_answers: RestoreAnswers
    settings: DeskSettings
    _tasks: dict[UUID, Doing] = field(default_factory=dict[UUID, Doing])
    _expected: set[object] = field(default_factory=set[object])
    _held: dict[UUID, Assignment] = field(default_factory=dict[UUID, Assignment])
    _given: OrderedDict[UUID, ChatResponse] = field(default_factory=OrderedDict[UUID, ChatResponse])
    _companions: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _draining: asyncio.Event = field(default_factory=asyncio.Event)
    _drained: asyncio.Event = field(default_factory=asyncio.Event)
    _outage: _Outage = field(default_factory=_Outage)

    @property
    def is_full(self) -> bool:
        """Whether this process may not take another run."""
        taken = len(self._tasks) + len(self._expected)
        return self._draining.is_set() or taken >= self.settings.most_runs

    @contextmanager
    def room(self) -> Generator[None]:
        """Keep a place for a run that is being stored; raise `UnavailableError` if none is free."""
        if self._draining.is_set():
            raise UnavailableError("this process is about to end: try again in a moment")
        if self.is_full:
            raise UnavailableError("too many conversations at once: try again in a moment")
        place = object()
        self._expected.add(place)
        try:
            yield
        finally:
            self._expected.remove(place)

    @property
    def running(self) -> int:
        """How many runs are being done here."""
        return len(self._tasks)

    def start(self, task: Assignment) -> None:
        """Do a new run from now on, whoever goes away meanwhile."""
        self.events.open(task.run.id)
        self.events.publish(task.run.id, task.seen)
        self._do(task)

    def accompany(self, work: Coroutine[None, None, None]) -> None:
        """Do something beside a run; whatever becomes of it, the run does not notice."""
        doing = asyncio.create_task(work)
        self._companions.add(doing)
        doing.add_done_callback(self._companions.discard)

    async def unaccompanied(self) -> None:
        """Wait until nothing is done beside runs."""
        while self._companions:
            await asyncio.wait(self._companions)

    async def ended(self, run_id: UUID) -> bool:
        """Wait until a run of this process is over; False at once if it is not one."""
        doing = self._tasks.get(run_id)
        if doing:
            await asyncio.wait([doing])
        return doing is not None

    async def answer(self, run_id: UUID) -> ChatResponse | None:
        """Wait for the answer of a run of this process; None if it is not one, or gives none.

        The latest answers are kept for those who ask a moment late: storage may not have them.
        """
        await self.ended(run_id)
        return self._given.get(run_id)

    async def unless_drained(self, waiting: Coroutine[None, None, T]) -> T | None:
        """Wait for what another process does; None if this one has drained before."""
        doing = asyncio.create_task(waiting)
        drained = asyncio.create_task(self._drained.wait())
        try:
            await asyncio.wait((doing, drained), return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            drained.cancel()
            doing.cancel()

    async def recover(self) -> int:
        """Store what waits in the journal, then go on with runs whose process is gone.

        Return how many runs were taken over. None are for the length of a lease after storage was
        gone: those who lived through it store their answers and hold their leases first.
        """
        await self.restore_answers()
        taken = 0
        if self.clock.elapsed() < self._outage.over_at:
            return taken
        for run_id, organization_id in await self.storage.backlog.abandoned_runs(MOST_AT_ONCE):
            if run_id in self._tasks or self.is_full:
                continue
            try:
                taken += await self.take_over(run_id, organization_id)
            except UnavailableError:
                raise
            except Exception:
                # One that cannot be taken over must not keep the others waiting.
                about_it = {"run_id": str(run_id), "organization_id": str(organization_id)}
                log.exception("run not taken over", extra=about_it)
        return taken

    async def take_over(self, run_id: UUID, organization_id: UUID) -> bool:
        """Go on with an abandoned run; False if it ended, or somebody else has it."""
        # Its answer may have been given, and wait here to be stored.
        await self.restore_answers()
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            # The thread first, as whoever publishes an answer does: in another order, each of the
            # two would wait for the other.
            found = await tx.threads.with_agent((await tx.runs.get(run_id)).thread_id)
            run = await tx.runs.take_over(run_id, self.clock.new_id(), self._lease_end())
            if run is None:
                return False
            task = await self.assignments.again(tx, run, found)
        log.warning("run taken over", extra=about(run))
        self.events.open(run_id)
        self._do(task)
        return True

    async def until_free(self, thread_id: UUID, organization_id: UUID) -> None:
        """Wait until the run that holds a thread is over, and take it over if it is dead."""
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            run = await tx.runs.running_in(thread_id)
        if run is None or await self.ended(run.id):
            return
        is_dead = run.lease_until < self.clock.now()
        if not is_dead or not await self.take_over(run.id, organization_id):
            with self.events.news(run.id) as news:
                await news_or(self.settings.poll_seconds, news)

    async def renew(self) -> None:
        """Hold the leases of the runs that take long."""
        until = self._lease_end()
        for run_id, task in tuple(self._held.items()):
            is_ours = await self._hold(task, until)
            running = self._tasks.get(run_id)
            if not is_ours and running:
                log.warning("run lost", extra=about(task.run))
                running.cancel()

    async def keep_house(self) -> None:
        """Renew leases and recover runs, again and again, until cancelled.

        Each at its own pace: recovery may take long, and the leases must be held meanwhile.
        """
        await asyncio.gather(self._keep(self.renew), self._keep(self.recover))

    async def _keep(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except UnavailableError as error:
                self._outage.over_at = self.clock.elapsed() + self.settings.run_lease_seconds
                log.warning("housekeeping put off", extra={"reason": str(error)})
            except Exception:
                # Whatever goes wrong, it must go on.
                log.exception("housekeeping failed")
            await asyncio.sleep(self.settings.run_lease_seconds / 3)

    async def drain(self, seconds: float) -> None:
        """Take no more runs and let these end; what is not over by then is left for another."""
        self._draining.set()
        if under_way := self._under_way:
            await asyncio.wait(under_way, timeout=seconds)
        left, under_way = tuple(self._held.values()), self._under_way
        for doing in under_way:
            doing.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        try:
            async with asyncio.timeout(LET_GO_SECONDS):
                for task in left:
                    await self._hold(task, self.clock.now())
        except (DeskError, TimeoutError) as error:
            # Then the others wait until the leases are over.
            log.warning("runs not let go", extra={"reason": str(error)})
        self._drained.set()

    @property
    def _under_way(self) -> tuple[Doing, ...]:
        return (*self._tasks.values(), *self._companions)

    async def _hold(self, task: Assignment, until: datetime) -> bool:
        who = System(organization_id=task.thread.organization_id)
        async with self.storage.transaction(who) as tx:
            return await tx.runs.renew(task.run.id, task.run.lease_token, until)

    def _lease_end(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)

    def _do(self, task: Assignment) -> None:
        run_id = task.run.id
        doing = asyncio.create_task(self.worker(task), name=f"run {run_id}")
        self._held[run_id] = task
        self._tasks[run_id] = doing
        # Not at the worker's own end: one that is cancelled before it begins has none.
        doing.add_done_callback(partial(self._over, task.run))

    def _over(self, run: Run, doing: Doing) -> None:
        run_id = run.id
        self.events.close(run_id)
        del self._tasks[run_id], self._held[run_id]
        if doing.cancelled():
            return
        if error := doing.exception():
            log.error("run broke off", extra=about(run), exc_info=error)
        elif answer := doing.result():
            self._given[run_id] = answer
            if len(self._given) > self.settings.most_runs:
                self._given.popitem(last=False)
