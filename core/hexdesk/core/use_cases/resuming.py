"""Going on after a decision: the run that tells the agent of it, begun once."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.chat import Situation, ThreadStatus
from hexdesk.core.model.principals import System
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_in_progress import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRun:
    """Begins the run that a decision has called for; whichever process comes first."""

    storage: Storage
    clock: Clock
    assignments: Assignments
    run_desk: RunDesk

    @contextmanager
    def room(self) -> Generator[bool]:
        """Keep a place for a run that is being stored, and tell whether there is one."""
        if self.run_desk.is_full:
            yield False
        else:
            with self.run_desk.room():
                yield True

    async def __call__(self, approval_id: UUID, organization_id: UUID) -> bool:
        """Begin the run; False if it has begun already, or cannot yet.

        Raise `UnavailableError` if this process takes no more runs.
        """
        with self.run_desk.room():
            async with self.storage.transaction(System(organization_id=organization_id)) as tx:
                held = await tx.approvals.get(approval_id)
                found = await tx.threads.with_agent(held.thread_id)
                task = await self.begun(tx, found, held)
            if task:
                self.run_desk.start(task)
        return task is not None

    async def begun(self, tx: Transaction, found: Situation, held: HeldCall) -> Assignment | None:
        """Store the run in a thread that is locked, for the caller to start.

        None, and nothing stored, while a person has the thread or another run is running there,
        and if somebody else has begun it.
        """
        thread, run_id = found.thread, self.clock.new_id()
        is_taken = thread.status is ThreadStatus.HUMAN or await tx.runs.running_in(thread.id)
        if is_taken or not await tx.approvals.resume(held.id, run_id):
            return None
        return await self.assignments.decided(tx, found, replace(held, resumed_run_id=run_id))
