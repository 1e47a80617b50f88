"""Conversations and runs, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Raw

from hexdesk.core.model.chat import (
    CUSTOMER_ID,
    Message,
    Run,
    RunEvent,
    RunStatus,
    Situation,
    Thread,
)
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.chat_records import EventLog, Messages, Runs, Threads
from hexdesk_sqlite.agent_records import AGENTS
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.identity_records import ORGANIZATIONS
from hexdesk_sqlite.record_table import RecordTable

THREADS = RecordTable(Thread, "threads", called="thread")
MESSAGES = RecordTable(Message, "messages", called="message")
RUNS = RecordTable(Run, "runs", called="run")
LARGEST_EVENT_ID = 2**31 - 1

WITH_AGENT = f"""
    SELECT {THREADS.listed_as("t")}, {AGENTS.listed_as("a")}, {ORGANIZATIONS.listed_as("o")},
        EXISTS (
            SELECT 1 FROM agent_files AS f
            WHERE f.organization_id = t.organization_id AND f.agent_id = t.agent_id
        ) AS knows_files
    FROM threads AS t
    JOIN agents AS a ON a.organization_id = t.organization_id AND a.id = t.agent_id
    JOIN organizations AS o ON o.id = t.organization_id
    WHERE t.id = ?1
"""  # noqa: S608  names of columns

ADD_MESSAGE = f"{MESSAGES.insert} ON CONFLICT (organization_id, id) DO NOTHING"
LATEST_MESSAGES = f"""
    {MESSAGES.select} WHERE thread_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2
"""

OWN_OR_CUSTOMERS = (
    f"(user_id = {{}} OR (user_id IS NULL AND json_type(metadata, '$.{CUSTOMER_ID}') IS NOT NULL))"
)
BEGIN_RUN = f"""
    {RUNS.insert}
    ON CONFLICT (organization_id, thread_id) WHERE status = 'running' DO NOTHING
"""
TAKE_OVER = f"""
    UPDATE main.runs SET lease_token = ?2, lease_until = ?3
    WHERE {OURS} AND id = ?1 AND status = 'running' AND lease_until <= now()
    RETURNING {RUNS.listed}
"""  # noqa: S608  names of columns
_IF_LEASED = f"WHERE {OURS} AND id = ?1 AND lease_token = ?2 AND status = 'running'"
RENEW = f"UPDATE main.runs SET lease_until = ?3 {_IF_LEASED}"  # noqa: S608  words of ours
SAVE_STEPS = f"UPDATE main.runs SET steps = ?3 {_IF_LEASED}"  # noqa: S608  words of ours
# What the run was to go on from is not needed any more, and it is the largest part of the row.
FINISH = (
    "UPDATE main.runs SET status = ?3, response = ?4, finished_at = ?5, steps = NULL "  # noqa: S608  words of ours
    f"{_IF_LEASED}"
)

ADD_EVENTS = """
    INSERT INTO main.run_events (run_id, id, type, data)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (organization_id, run_id, id) DO NOTHING
"""
EVENTS_AFTER = """
    SELECT r.status, e.id, e.type, e.data FROM runs AS r
    LEFT JOIN run_events AS e
        ON e.organization_id = r.organization_id AND e.run_id = r.id AND e.id > ?2
    WHERE r.id = ?1 ORDER BY e.id
"""

FORGET_CALLS = f"""
    DELETE FROM main.tool_calls
    WHERE {OURS} AND run_id IN (SELECT id FROM runs WHERE thread_id = ?1)
"""  # noqa: S608  words of ours

# A hundred runs take a few milliseconds.
_over = f"{OURS} AND {{}} IN (SELECT value FROM json_each(?1))"  # noqa: S608  words of ours
FIND_OVER = """
    SELECT id FROM runs
    WHERE created_at < ?1 AND keeps_events AND status <> 'running'
    ORDER BY created_at LIMIT 100
"""
FORGET_EVENTS = f"DELETE FROM main.run_events WHERE {_over.format('run_id')}"  # noqa: S608  words of ours
KEEP_NONE = f"UPDATE main.runs SET keeps_events = 0 WHERE {_over.format('id')}"  # noqa: S608  words of ours


@dataclass(slots=True)
class SqliteThreads(Threads):
    """The threads of a transaction's organization."""

    bound: BoundConnection

    async def get(self, thread_id: UUID, *, lock: bool = False) -> Thread:
        return await THREADS.get(self.bound, thread_id, lock=lock)

    async def with_agent(self, thread_id: UUID) -> Situation:
        await self.bound.lock()
        row = await self.bound.row(WITH_AGENT, thread_id)
        if row is None:
            raise THREADS.not_found(thread_id)
        second = len(THREADS.columns)
        third = second + len(AGENTS.columns)
        return Situation(
            thread=THREADS.read(row),
            agent=AGENTS.read(row, second),
            organization=ORGANIZATIONS.read(row, third),
            knows_files=bool(row["knows_files"]),
        )

    async def page(self, part: Slice, *, own_of: UUID | None) -> Page[Thread]:
        wanted = Conditions()
        # One whose member was removed is nobody's: it is for those who see all.
        wanted.add_known(OWN_OR_CUSTOMERS, own_of)
        return await THREADS.page(self.bound, part, wanted)

    async def add(self, thread: Thread) -> None:
        await THREADS.add(self.bound, thread)

    async def update(self, thread: Thread) -> None:
        await THREADS.update(self.bound, thread)

    async def remove(self, thread_id: UUID) -> None:
        await self.bound.change(FORGET_CALLS, thread_id)
        await THREADS.remove(self.bound, thread_id)


@dataclass(slots=True)
class SqliteMessages(Messages):
    """The messages of a transaction's organization."""

    bound: BoundConnection

    async def add(self, message: Message) -> None:
        await self.bound.change(ADD_MESSAGE, *MESSAGES.written_values(message))

    async def get(self, message_id: UUID) -> Message:
        return await MESSAGES.get(self.bound, message_id)

    async def page(self, thread_id: UUID, part: Slice) -> Page[Message]:
        wanted = Conditions()
        wanted.add("thread_id = {}", thread_id)
        return await MESSAGES.page(self.bound, part, wanted)

    async def latest(self, thread_id: UUID, count: int) -> Sequence[Message]:
        rows = await self.bound.rows(LATEST_MESSAGES, thread_id, count)
        return [MESSAGES.read(row) for row in reversed(rows)]


@dataclass(slots=True)
class SqliteRuns(Runs):
    """The runs of a transaction's organization."""

    bound: BoundConnection

    async def begin(self, run: Run) -> bool:
        return await self.bound.change(BEGIN_RUN, *RUNS.written_values(run)) == 1

    async def get(self, run_id: UUID) -> Run:
        return await RUNS.get(self.bound, run_id)

    async def running_in(self, thread_id: UUID) -> Run | None:
        return await RUNS.find(self.bound, "thread_id = ?1 AND status = 'running'", thread_id)

    async def take_over(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> Run | None:
        row = await self.bound.row(TAKE_OVER, run_id, lease_token, lease_until)
        if row is None:
            await self.get(run_id)  # one that is not there is another matter
            return None
        return RUNS.read(row)

    async def renew(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        return await self.bound.change(RENEW, run_id, lease_token, lease_until) == 1

    async def save_steps(self, run_id: UUID, lease_token: UUID, steps: bytes) -> bool:
        return await self.bound.change(SAVE_STEPS, run_id, lease_token, steps) == 1

    async def finish(self, run: Run) -> bool:
        end = (run.status, RUNS.write("response", run.response), run.finished_at)
        return await self.bound.change(FINISH, run.id, run.lease_token, *end) == 1


@dataclass(slots=True)
class SqliteEventLog(EventLog):
    """The events of runs of a transaction's organization."""

    bound: BoundConnection

    async def add(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        rows = [(run_id, event.id, event.type, bytes(event.data)) for event in events]
        await self.bound.change_each(ADD_EVENTS, rows)

    async def after(self, run_id: UUID, event_id: int) -> tuple[Sequence[RunEvent], RunStatus]:
        rows = await self.bound.rows(EVENTS_AFTER, run_id, min(event_id, LARGEST_EVENT_ID))
        if not rows:
            raise RUNS.not_found(run_id)
        events = [
            RunEvent(id=number, type=kind, data=Raw(data))
            for _, number, kind, data in rows
            if number is not None
        ]
        return events, RunStatus(rows[0]["status"])

    async def forget(self, before: datetime) -> int:
        await self.bound.lock()
        over = [row[0] for row in await self.bound.rows(FIND_OVER, before)]
        if over:
            await self.bound.change(FORGET_EVENTS, over)
            await self.bound.change(KEEP_NONE, over)
        return len(over)
