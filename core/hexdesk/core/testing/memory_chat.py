"""Conversations and runs, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.chat import Message, Run, RunEvent, RunStatus, Situation, Thread
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.chat_records import EventLog, Messages, Runs, Threads
from hexdesk.core.testing.memory_channels import forget_conversations
from hexdesk.core.testing.memory_identity import MemoryOrganizations
from hexdesk.core.testing.memory_records import Draft, Records, found, in_order, page_of, without


@dataclass(frozen=True)
class MemoryThreads(Threads):
    """The threads in a draft."""

    draft: Draft

    async def get(self, thread_id: UUID, *, lock: bool = False) -> Thread:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.threads, thread_id, "thread")

    async def with_agent(self, thread_id: UUID) -> Situation:
        thread = await self.get(thread_id, lock=True)
        records = self.draft.records
        return Situation(
            thread=thread,
            agent=found(records.agents, thread.agent_id, "agent"),
            organization=await MemoryOrganizations(self.draft).get(),
            knows_files=any(agent_id == thread.agent_id for agent_id, _ in records.agent_files),
        )

    async def page(self, part: Slice, *, own_of: UUID | None) -> Page[Thread]:
        threads = self.draft.records.threads.values()
        return page_of(
            (
                thread
                for thread in threads
                if own_of is None or thread.is_customers or thread.user_id == own_of
            ),
            part,
        )

    async def add(self, thread: Thread) -> None:
        records = await self.draft.to_write()
        found(records.agents, thread.agent_id, "agent")
        records.threads[thread.id] = thread

    async def update(self, thread: Thread) -> None:
        records = await self.draft.to_write()
        found(records.threads, thread.id, "thread")
        records.threads[thread.id] = thread

    async def remove(self, thread_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.threads, thread_id, "thread")
        del records.threads[thread_id]
        gone = {run.id for run in records.runs.values() if run.thread_id == thread_id}
        records.messages = {
            key: message
            for key, message in records.messages.items()
            if message.thread_id != thread_id
        }
        records.runs = {key: run for key, run in records.runs.items() if key not in gone}
        records.events = {
            key: event for key, event in records.events.items() if key[0] in records.runs
        }
        records.approvals = {
            key: held for key, held in records.approvals.items() if held.thread_id != thread_id
        }
        for call in [call for call in records.tool_results if call[0] in gone]:
            del records.tool_results[call], records.called_at[call]
        forget_conversations(records, thread_id)
        records.tickets = without(records.tickets, thread_id, "thread_id")
        records.actions = without(records.actions, thread_id, "thread_id")


@dataclass(frozen=True)
class MemoryMessages(Messages):
    """The messages in a draft."""

    draft: Draft

    async def add(self, message: Message) -> None:
        records = await self.draft.to_write()
        found(records.threads, message.thread_id, "thread")
        records.messages.setdefault(message.id, message)

    async def get(self, message_id: UUID) -> Message:
        return found(self.draft.records.messages, message_id, "message")

    async def page(self, thread_id: UUID, part: Slice) -> Page[Message]:
        return page_of(self._messages_in(thread_id), part)

    async def latest(self, thread_id: UUID, count: int) -> Sequence[Message]:
        newest = in_order(self._messages_in(thread_id), "-created_at")[:count]
        return newest[::-1]

    def _messages_in(self, thread_id: UUID) -> list[Message]:
        messages = self.draft.records.messages.values()
        return [message for message in messages if message.thread_id == thread_id]


@dataclass(frozen=True)
class MemoryRuns(Runs):
    """The runs in a draft."""

    draft: Draft

    async def begin(self, run: Run) -> bool:
        records = await self.draft.to_write()
        found(records.threads, run.thread_id, "thread")
        if run.status is RunStatus.RUNNING and await self.running_in(run.thread_id):
            return False
        records.runs[run.id] = run
        return True

    async def get(self, run_id: UUID) -> Run:
        return found(self.draft.records.runs, run_id, "run")

    async def running_in(self, thread_id: UUID) -> Run | None:
        for run in self.draft.records.runs.values():
            if run.thread_id == thread_id and run.status is RunStatus.RUNNING:
                return run
        return None

    async def take_over(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> Run | None:
        records = await self.draft.to_write()
        run = found(records.runs, run_id, "run")
        if run.status is not RunStatus.RUNNING:
            return None
        if run.lease_until > self.draft.installation.clock.now():
            return None
        records.runs[run_id] = replace(run, lease_token=lease_token, lease_until=lease_until)
        return records.runs[run_id]

    async def renew(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        records = await self.draft.to_write()
        run = _leased(records, run_id, lease_token)
        if run is not None:
            records.runs[run_id] = replace(run, lease_until=lease_until)
        return run is not None

    async def save_steps(self, run_id: UUID, lease_token: UUID, steps: bytes) -> bool:
        records = await self.draft.to_write()
        run = _leased(records, run_id, lease_token)
        if run is not None:
            records.runs[run_id] = replace(run, steps=steps)
        return run is not None

    async def finish(self, run: Run) -> bool:
        records = await self.draft.to_write()
        stored = _leased(records, run.id, run.lease_token)
        if stored is not None:
            records.runs[run.id] = replace(
                stored,
                status=run.status,
                response=run.response,
                finished_at=run.finished_at,
                steps=None,
            )
        return stored is not None


def _leased(records: Records, run_id: UUID, lease_token: UUID) -> Run | None:
    run = records.runs.get(run_id)
    if run is None or run.lease_token != lease_token or run.status is not RunStatus.RUNNING:
        return None
    return run


@dataclass(frozen=True)
class MemoryEventLog(EventLog):
    """The events of runs in a draft."""

    draft: Draft

    async def add(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        records = await self.draft.to_write()
        found(records.runs, run_id, "run")
        for event in events:
            records.events.setdefault((run_id, event.id), event)

    async def after(self, run_id: UUID, event_id: int) -> tuple[Sequence[RunEvent], RunStatus]:
        records = self.draft.records
        run = found(records.runs, run_id, "run")
        events = (event for key, event in records.events.items() if key[0] == run_id)
        return in_order((event for event in events if event.id > event_id), "id"), run.status

    async def forget(self, before: datetime) -> int:
        records = await self.draft.to_write()
        over = runs_to_forget(records, before)
        records.events = {key: event for key, event in records.events.items() if key[0] not in over}
        return len(over)


def runs_to_forget(records: Records, before: datetime) -> set[UUID]:
    """Return the runs that began before then, have ended, and still have events."""
    with_events = (records.runs[run_id] for run_id, _ in records.events)
    return {
        run.id
        for run in with_events
        if run.created_at < before and run.status is not RunStatus.RUNNING
    }
