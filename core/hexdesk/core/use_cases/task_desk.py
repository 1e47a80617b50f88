"""The tasks of all organizations: announced, done by whoever has time, brought to their end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    DeskError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TaskFailedError,
    TaskLostError,
    UnavailableError,
)
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance, Task, TaskHint, TaskStatus
from hexdesk.core.policy.retries import pause
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.queue import Queue
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.use_cases.announcing import hint_of, tell
from hexdesk.core.use_cases.health_checks import ScheduleHealthChecks
from hexdesk.core.use_cases.task_attempt import Attempt, about
from hexdesk.core.use_cases.task_types import Store, TaskEnd, TaskType, TaskTypes, TaskWork

log = logging.getLogger("hexdesk.tasks")
MOST_AT_ONCE = 200
FINAL_ERRORS = (TaskFailedError, InvalidError, ForbiddenError, NotFoundError)
UNEXPECTED = "something went wrong inside hexdesk: the log tells what"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDesk:
    """Does tasks; the row is the truth, so whatever a queue loses or doubles is harmless."""

    storage: Storage
    clock: Clock
    queue: Queue
    types: TaskTypes
    telemetry: Telemetry
    schedule_health_checks: ScheduleHealthChecks
    settings: DeskSettings
    untold: list[TaskHint] = field(default_factory=list[TaskHint])

    async def announce(self, *tasks: Task) -> None:
        """Tell workers of tasks that were stored; those that must wait are told of in time."""
        now = self.clock.now()
        await tell(self.queue, [hint_of(task) for task in tasks if task.ready_at <= now])

    async def do(self, hint: TaskHint) -> None:
        """Make an attempt at a task; nothing, if it is not to be done here and now.

        Whoever is cancelled lets go of it, so that another can begin at once.
        """
        token = self.clock.new_id()
        async with self.storage.transaction(System(organization_id=hint.organization_id)) as tx:
            task = await tx.tasks.claim(hint.task_id, token, self._lease_end())
            if task is None:
                await self._bury(tx, hint.task_id)
                return
        attempt = Attempt(
            task=task,
            lease_token=token,
            storage=self.storage,
            clock=self.clock,
            settings=self.settings,
            started_at=self.clock.elapsed(),
        )
        try:
            await self._attempt(attempt)
        except asyncio.CancelledError:
            await self._let_go(attempt)
            raise
        except UnavailableError as error:
            # The lease ends, and then somebody does it again.
            log.warning("task not settled", extra=about(task, reason=str(error)))

    async def sweep(self) -> int:
        """Announce what is due, and what was announced and not begun; return how many.

        Storage takes what it returns for announced: so what nobody could be told of is kept, and
        told before more is asked for.
        """
        if not self.untold:
            self.untold.extend(await self.storage.backlog.due_tasks(MOST_AT_ONCE))
        told = len(self.untold)
        if not await tell(self.queue, self.untold):
            return 0
        self.untold.clear()
        return told

    async def keep_house(self) -> None:
        """Announce what is due, and have agents checked, again and again until cancelled."""
        await asyncio.gather(
            self.keep_going(self.sweep, self.settings.sweep_seconds),
            self.keep_going(self.schedule_health_checks, self.settings.sweep_seconds * 10),
        )

    async def keep_going(self, work: Callable[[], Awaitable[object]], seconds: float) -> None:
        """Do some housekeeping at this pace, whatever goes wrong, until cancelled."""
        while True:
            try:
                await work()
            except UnavailableError as error:
                log.warning("sweeping put off", extra={"reason": str(error)})
            except Exception:
                # Whatever goes wrong, it must go on.
                log.exception("sweeping failed")
            await asyncio.sleep(seconds)

    async def _attempt(self, attempt: Attempt) -> None:
        kind = self.types.get(attempt.task.task_type)
        if kind is None:
            problem = f"no worker here knows tasks of type {attempt.task.task_type!r}"
            await self._failed(attempt, problem, is_final=False)
            return
        limit = kind.endurance.time_limit
        try:
            end = await attempt.during(self._work(kind, attempt), limit)
            await self._succeeded(attempt, end)
        except TaskLostError:
            log.warning("task lost", extra=about(attempt.task))
        except TimeoutError:
            await self._failed(attempt, f"did not end within {limit:g} s", is_final=False)
        except FINAL_ERRORS as error:
            await self._failed(attempt, str(error), is_final=True)
        except DeskError as error:
            await self._failed(attempt, str(error), is_final=False)
        except Exception:
            # The edge of a background task: the trace is for us, the row for everybody.
            log.exception("task failed", extra=about(attempt.task))
            await self._failed(attempt, UNEXPECTED, is_final=False)

    async def _work(self, kind: TaskType, attempt: Attempt) -> TaskEnd:
        try:
            data = msgspec.convert(attempt.task.task_data, kind.data)
        except msgspec.ValidationError as error:
            raise TaskFailedError(f"its data does not fit: {error}") from error
        work = TaskWork(task=attempt.task, data=data, report=attempt.report, save=attempt.save)
        return await kind.run(work)

    async def _succeeded(self, attempt: Attempt, end: TaskEnd) -> None:
        now = self.clock.now()
        task = replace(
            attempt.task,
            status=TaskStatus.SUCCEEDED,
            progress=1.0,
            result=end.result,
            error=None,
            steps=None,
            finished_at=now,
        )
        if end.again_at is not None:
            again = {"ready_at": end.again_at, "attempts": 0, "steps": end.steps}
            task = replace(task, status=TaskStatus.QUEUED, **again)
        await self._settle(attempt, task, end.store)

    async def _failed(self, attempt: Attempt, problem: str, *, is_final: bool) -> None:
        task, kind = attempt.task, self.types.get(attempt.task.task_type)
        log.warning("task attempt failed", extra=about(task, reason=problem))
        if is_final or task.attempts >= task.max_attempts:
            failed = _given_up(task, problem, self.clock)
            await self._settle(attempt, failed, _giving_up(kind, failed) if kind else None)
            return
        endurance = kind.endurance if kind else Endurance()
        wait = pause(endurance, task.attempts, _chance(attempt.lease_token))
        ready_at = self.clock.now() + wait
        again = replace(task, status=TaskStatus.QUEUED, error=problem, ready_at=ready_at)
        await self._settle(attempt, again, None)

    async def _settle(self, attempt: Attempt, task: Task, store: Store | None) -> None:
        async with self.storage.transaction(System(organization_id=task.organization_id)) as tx:
            if not await tx.tasks.settle(task):
                log.warning("task lost", extra=about(task))
                return
            if store:
                await store(tx)
        seconds = self.clock.elapsed() - attempt.started_at
        outcome = task.status if task.error else TaskStatus.SUCCEEDED
        self.telemetry.task_tried(task.task_type, outcome, seconds)

    async def _bury(self, tx: Transaction, task_id: UUID) -> None:
        """Give up a task that has killed all who tried it; others stay as they are."""
        try:
            task = await tx.tasks.get(task_id, lock=True)
        except NotFoundError:
            return
        is_held = task.lease_until is None or task.lease_until > self.clock.now()
        has_more = task.attempts < task.max_attempts
        if task.status is not TaskStatus.RUNNING or is_held or has_more:
            return
        problem = f"its worker died in each of {task.attempts} attempts"
        log.error("task buried", extra=about(task, reason=problem))
        failed = _given_up(task, problem, self.clock)
        await tx.tasks.update(replace(failed, lease_token=None, lease_until=None))
        if kind := self.types.get(task.task_type):
            await kind.give_up(tx, failed)
        self.telemetry.task_tried(task.task_type, failed.status, 0)

    async def _let_go(self, attempt: Attempt) -> None:
        """Give the task back: an attempt that was stopped from outside does not count."""
        task = attempt.task
        given_back = replace(
            task, status=TaskStatus.QUEUED, attempts=task.attempts - 1, ready_at=self.clock.now()
        )
        try:
            await asyncio.shield(self._give_back(given_back))
        except DeskError as error:
            log.warning("task not given back", extra=about(task, reason=str(error)))

    async def _give_back(self, task: Task) -> None:
        async with self.storage.transaction(System(organization_id=task.organization_id)) as tx:
            await tx.tasks.settle(task)

    def _lease_end(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)


def _given_up(task: Task, problem: str, clock: Clock) -> Task:
    return replace(task, status=TaskStatus.FAILED, error=problem, finished_at=clock.now())


def _giving_up(kind: TaskType, task: Task) -> Store:
    async def store(tx: Transaction) -> None:
        await kind.give_up(tx, task)

    return store


def _chance(token: UUID) -> float:
    """Return a number from 0 to 1 out of a random id, whose last bits nobody chose."""
    return (token.int & 0xFFFF) / 0xFFFF
