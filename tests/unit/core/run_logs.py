"""The log of a run, with all that it writes to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from hexdesk.core.model.chat import RunEvent
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import MemoryEvents, MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import Company, a_company, a_conversation
from hexdesk.core.use_cases.run_log import RunLog
from tests.unit.core.scenes import DEADLINE_SECONDS, WatchedStorage

SETTINGS = DeskSettings(flush_seconds=0.001)
SLOW = DeskSettings(flush_seconds=3600)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A run's log with what it writes to."""

    log: RunLog
    company: Company
    storage: WatchedStorage
    events: MemoryEvents

    async def stored(self) -> list[RunEvent]:
        """Return the events that are stored."""
        async with self.company.transaction() as tx:
            events, _ = await tx.event_log.after(self.log.run.id, 0)
        return list(events)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[asyncio.Queue[RunEvent]]:
        """Follow the run, and hand on what is heard."""
        heard: asyncio.Queue[RunEvent] = asyncio.Queue()
        stream = self.events.follow(self.log.run.id, 0)
        assert stream

        async def listen(stream: AsyncGenerator[RunEvent]) -> None:
            async with aclosing(stream):
                async for event in stream:
                    heard.put_nowait(event)

        task = asyncio.create_task(listen(stream))
        await asyncio.sleep(0)
        yield heard
        self.events.close(self.log.run.id)
        await task


async def a_desk(settings: DeskSettings = SETTINGS) -> Desk:
    """Return the log of a run that is at work."""
    clock = SteadyClock()
    storage, events = WatchedStorage(MemoryStorage(clock)), MemoryEvents()
    company = await a_company(storage.storage)
    conversation = await a_conversation(company)
    events.open(conversation.run.id)
    log = RunLog(
        run=conversation.run,
        who=System(organization_id=company.organization.id),
        storage=storage,
        clock=clock,
        events=events,
        settings=settings,
    )
    return Desk(log=log, company=company, storage=storage, events=events)


async def next_of(heard: asyncio.Queue[RunEvent]) -> RunEvent:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await heard.get()


async def nothing_more(tx: Transaction) -> bool:
    return True


async def lost(tx: Transaction) -> bool:
    return False
