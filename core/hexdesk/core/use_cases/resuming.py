"""Going on after a decision: the run that tells the agent of it, begun once."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from hexdesk.core.errors import BusyError, ThreadTakenOverError, UnavailableError
from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.chat import ThreadStatus
from hexdesk.core.model.principals import System
from hexdesk.core.policy.words import TAKEN_OVER
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_in_progress import Assignment

Beginning = asyncio.Task[UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRun:
    """Begins the run that a decision has called for; whichever process comes first."""

    storage: Storage
    clock: Clock
    assignments: Assignments
    run_desk: RunDesk
    _beginning: set[Beginning] = field(default_factory=set[Beginning])

    async def __call__(self, approval_id: UUID, organization_id: UUID) -> UUID | None:
        """Begin the run and return its id; of one that has begun already, that one's.

        None while a person has the thread. Raise `BusyError` while another run is running there,
        and `UnavailableError` if this process takes no more runs.
        """
        with self.run_desk.room():
            try:
                begun = await self._begin(approval_id, organization_id)
            except ThreadTakenOverError:
                return None
            if isinstance(begun, Assignment):
                self.run_desk.start(begun)
                return begun.run.id
        return begun

    async def within(self, seconds: float, held: HeldCall, organization_id: UUID) -> UUID | None:
        """Begin the run as soon as the thread is free; None if that takes longer.

        Then it is begun by whoever looks next for what was decided.
        """
        beginning = asyncio.create_task(self._wait_and_begin(seconds, held, organization_id))
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)
        # Whoever decided may hang up: what was decided goes on.
        return await asyncio.shield(beginning)

    async def _wait_and_begin(
        self, seconds: float, held: HeldCall, organization_id: UUID
    ) -> UUID | None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await self(held.id, organization_id)
                    except BusyError:
                        await self.run_desk.until_free(held.thread_id, organization_id)
        except (TimeoutError, UnavailableError):
            return None

    async def _begin(self, approval_id: UUID, organization_id: UUID) -> Assignment | UUID | None:
        async with self.storage.transaction(System(organization_id=organization_id)) as tx:
            thread_id = (await tx.approvals.get(approval_id)).thread_id
            found = await tx.threads.with_agent(thread_id)
            run_id = self.clock.new_id()
            is_first = await tx.approvals.resume(approval_id, run_id)
            held = await tx.approvals.get(approval_id)
            if not is_first:
                return held.resumed_run_id
            if found[0].status is ThreadStatus.HUMAN:
                raise ThreadTakenOverError(TAKEN_OVER)
            task = await self.assignments.decided(tx, found, held)
            if task is None:
                raise BusyError("another run is running in the thread")
            await tx.event_log.add(task.run.id, task.seen)
        return task
