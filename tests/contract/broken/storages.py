"""Storages that are wrong in one way each."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.chat import Run
from hexdesk.core.model.knowledge import FoundPassage
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import Task, TaskStatus
from hexdesk.core.model.tickets import Ticket
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import MemoryStorage, SteadyClock
from hexdesk.core.testing.memory_chat import MemoryRuns
from hexdesk.core.testing.memory_desk import MemoryToolCalls
from hexdesk.core.testing.memory_files import MemoryFiles
from hexdesk.core.testing.memory_knowledge import MemoryPassages
from hexdesk.core.testing.memory_records import Draft
from hexdesk.core.testing.memory_tasks import MemoryTasks
from hexdesk.core.testing.memory_tickets import MemoryTickets

PATIENCE_SECONDS = 0.5


class SpoiledStorage(MemoryStorage):
    """A storage in which some repositories are not what they should be, named as in it."""

    def __init__(self, **wrong: Callable[[Draft], object]) -> None:
        super().__init__(SteadyClock(), patience_seconds=PATIENCE_SECONDS)
        self._wrong = wrong

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        async with super().transaction(who) as transaction:
            for name, make in self._wrong.items():
                setattr(transaction, name, make(draft_of(transaction)))
            yield transaction


class HastyStorage(MemoryStorage):
    """Keeps what was written before an error."""

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        async with super().transaction(who) as transaction:
            try:
                yield transaction
            finally:
                draft_of(transaction).commit()


def draft_of(transaction: Transaction) -> Draft:
    """Return what a transaction of a storage in memory has written."""
    assert isinstance(transaction.tickets, MemoryTickets)
    return transaction.tickets.draft


class TicketsOfEverybody(MemoryTickets):
    """Finds the tickets of other organizations too."""

    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        for records in self.draft.installation.records.values():
            if isinstance(ticket, UUID) and ticket in records.tickets:
                return records.tickets[ticket]
        return await super().get(ticket, lock=lock)


class LastWriterWins(MemoryTickets):
    """Overwrites what somebody else has changed in the meantime."""

    async def update(self, ticket: Ticket) -> None:
        records = await self.draft.to_write()
        records.tickets[ticket.id] = ticket


class UnlockedTickets(MemoryTickets):
    """Lets two change one ticket at once."""

    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        return await super().get(ticket)


class ReusedNumbers(MemoryTickets):
    """Gives the number of a removed ticket to the next one."""

    async def add(self, ticket: Ticket) -> Ticket:
        records = await self.draft.to_write()
        records.last_number = len(records.tickets)
        return await super().add(ticket)


class DoubledTasks(MemoryTasks):
    """Stores a task again that is there already."""

    async def add(self, task: Task) -> Task:
        await super().add(replace(task, dedupe_key=None))
        records = await self.draft.to_write()
        records.tasks[task.id] = task
        return task


class TasksForAll(MemoryTasks):
    """Gives a task that somebody holds to somebody else."""

    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        records = await self.draft.to_write()
        task = records.tasks.get(task_id)
        if task is not None and task.status is TaskStatus.RUNNING:
            records.tasks[task_id] = replace(task, lease_until=self.draft.installation.clock.now())
        return await super().claim(task_id, lease_token, lease_until)


class EndlessAttempts(MemoryTasks):
    """Gives out a task that kills its workers for ever."""

    async def claim(self, task_id: UUID, lease_token: UUID, lease_until: datetime) -> Task | None:
        records = await self.draft.to_write()
        task = records.tasks.get(task_id)
        if task is not None:
            records.tasks[task_id] = replace(task, max_attempts=task.attempts + 1)
        return await super().claim(task_id, lease_token, lease_until)


class UnfencedTasks(MemoryTasks):
    """Lets who has lost a task end it all the same."""

    async def settle(self, task: Task) -> bool:
        stored = (await self.draft.to_write()).tasks[task.id]
        return await super().settle(replace(task, lease_token=stored.lease_token))


class UnfencedRuns(MemoryRuns):
    """Lets who has lost a run write it all the same."""

    async def finish(self, run: Run) -> bool:
        stored = (await self.draft.to_write()).runs[run.id]
        return await super().finish(replace(run, lease_token=stored.lease_token))


class CrowdedThreads(MemoryRuns):
    """Lets two runs go on in one conversation."""

    async def begin(self, run: Run) -> bool:
        (await self.draft.to_write()).runs[run.id] = run
        return True


class ForgetfulToolCalls(MemoryToolCalls):
    """Lets a call that comes again have its effect again."""

    async def claim(self, run_id: UUID, call_id: str, tool: str) -> bytes | None:
        await super().claim(run_id, call_id, tool)
        return None


class LooseFiles(MemoryFiles):
    """Leaves the text of a removed file behind."""

    async def remove(self, file_id: UUID) -> None:
        records = await self.draft.to_write()
        if file_id not in records.files:
            raise NotFoundError(f"no file {file_id}")
        del records.files[file_id]


class PassagesOfAllFiles(MemoryPassages):
    """Finds what stands in files that were not asked about."""

    async def search(
        self, question: str, file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        return await super().search(question, tuple(self.draft.records.files), limit)
