"""The log of a run: numbered, stored before it is shown, in time for those who listen."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, DeskError, StorageUnavailableError
from hexdesk.core.model.chat import RunEvent
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import MemoryEvents, MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import Company, a_company, a_conversation
from hexdesk.core.testing.examples import new_id
from hexdesk.core.use_cases.run_log import RunLog
from tests.unit.core.scenes import DEADLINE_SECONDS, WatchedStorage, text_of
from tests.unit.core.scripts import Gate

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


async def test_events_count_from_one_and_are_stored_in_their_order() -> None:
    desk = await a_desk()
    desk.log.add("tool.started", {"n": 1})
    desk.log.add("tool.finished", {"n": 2})
    await desk.log.flush()
    stored = await desk.stored()
    assert [(event.id, event.type, bytes(event.data)) for event in stored] == [
        (1, "tool.started", b'{"n":1}'),
        (2, "tool.finished", b'{"n":2}'),
    ]


async def test_nothing_is_shown_before_it_is_stored() -> None:
    desk, gate = await a_desk(), Gate()
    desk.storage.at_commit.append(gate)
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        await gate.wait()
        assert heard.empty()
        gate.open()
        assert (await next_of(heard)).id == 1
    assert len(await desk.stored()) == 1


async def test_small_deltas_become_one_event_and_long_ones_do_not_wait_for_more() -> None:
    desk = await a_desk(SLOW)
    for text in ("Hel", "", "lo", " " * 20, "Ada"):
        desk.log.add_text(text)
    desk.log.add("tool.started", {})
    desk.log.add_text("!")
    await desk.log.flush()
    stored = await desk.stored()
    assert [event.type for event in stored] == [
        "text.delta", "text.delta", "tool.started", "text.delta",
    ]  # fmt: skip
    assert text_of(stored) == desk.log.text == f"Hello{' ' * 20}Ada!"


async def test_whoever_listens_hears_the_first_words_at_once() -> None:
    desk = await a_desk(SLOW)
    async with desk.listening() as heard:
        desk.log.add_text("Hello")
        assert text_of([await next_of(heard)]) == "Hello"


@pytest.mark.parametrize("type_", ["tool.started", "tool.finished"])
async def test_whoever_listens_hears_of_tools_without_waiting_for_words(type_: str) -> None:
    desk = await a_desk()
    async with desk.listening() as heard:
        desk.log.add(type_, {})
        assert (await next_of(heard)).type == type_


async def test_whoever_begins_to_listen_does_not_wait_as_long_as_nobody_would() -> None:
    desk = await a_desk(DeskSettings(flush_seconds=0.1))
    desk.log.add_text("Hello")
    async with desk.listening() as heard, asyncio.timeout(1.5):
        desk.log.add_text(", Ada")
        assert text_of([await heard.get()]) == "Hello, Ada"


async def test_what_nobody_waits_for_is_stored_in_fewer_batches() -> None:
    desk = await a_desk(SLOW)
    for number in range(3):
        desk.log.add("tool.started", {"n": number})
        await asyncio.sleep(0)
    assert desk.storage.opened_for == []
    assert await desk.log.commit(nothing_more)
    assert len(desk.storage.opened_for) == 1
    assert len(await desk.stored()) == 3


async def test_of_two_that_write_at_once_the_first_one_s_events_come_first() -> None:
    desk, gate = await a_desk(), Gate()
    desk.storage.at_commit.append(gate)
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        await gate.wait()
        desk.log.add("tool.finished", {})
        committing = asyncio.create_task(desk.log.commit(nothing_more))
        await asyncio.sleep(0)
        desk.log.add("text.delta", {"text": "Done."})
        gate.open()
        assert await committing
        await desk.log.flush()
        assert [(await next_of(heard)).id for _ in range(3)] == [1, 2, 3]
    assert [event.id for event in await desk.stored()] == [1, 2, 3]


async def test_nobody_hears_that_a_run_is_over_before_the_commit_that_ends_it() -> None:
    desk, first, second = await a_desk(), Gate(), Gate()
    desk.storage.at_commit += [first, second]
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        await first.wait()
        # One more flush gets into the line before the commit, behind the one under way.
        desk.log.add("tool.finished", {})
        flushing = asyncio.create_task(desk.log.flush())
        await asyncio.sleep(0)
        desk.log.add_last("run.completed", {})
        committing = asyncio.create_task(desk.log.commit(lost))
        await asyncio.sleep(0)
        first.open()
        await second.wait()
        second.open()
        await flushing
        assert not await committing
        assert [(await next_of(heard)).type for _ in range(2)] == ["tool.started", "tool.finished"]
        assert heard.empty()
        assert await desk.log.commit(nothing_more)
        assert (await next_of(heard)).type == "run.completed"
    assert [event.id for event in await desk.stored()] == [1, 2, 3]


@pytest.mark.parametrize("trouble", [StorageUnavailableError("gone"), BusyError("locked")])
async def test_what_cannot_be_stored_is_shown_all_the_same_and_stored_later(
    trouble: DeskError, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await a_desk()
    desk.storage.at_commit.append(trouble)
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        assert (await next_of(heard)).id == 1
        assert await desk.stored() == []
        assert caplog.messages == ["run events not stored"]
        desk.log.add("tool.finished", {})
        assert (await next_of(heard)).id == 2
    assert [event.id for event in await desk.stored()] == [1, 2]


async def test_a_flush_holds_the_lease() -> None:
    desk = await a_desk()
    desk.log.add("tool.started", {})
    await desk.log.flush()
    async with desk.company.transaction() as tx:
        run = await tx.runs.get(desk.log.run.id)
    assert (run.lease_until - desk.log.clock.now()).total_seconds() == 15


async def test_a_commit_that_fails_leaves_everything_pending() -> None:
    desk = await a_desk(SLOW)
    desk.log.add("tool.started", {})
    desk.storage.at_commit.append(StorageUnavailableError("gone"))
    with pytest.raises(StorageUnavailableError):
        await desk.log.commit(nothing_more)
    desk.log.add("tool.finished", {})
    assert await desk.log.commit(nothing_more)
    assert [event.id for event in await desk.stored()] == [1, 2]


async def test_what_a_commit_stores_is_stored_with_the_events_or_not_at_all() -> None:
    desk = await a_desk(SLOW)
    desk.log.add("tool.started", {})

    async def close(tx: Transaction) -> bool:
        return await tx.runs.save_steps(desk.log.run.id, desk.log.run.lease_token, b"step 1")

    desk.storage.at_commit.append(BusyError("locked"))
    with pytest.raises(BusyError):
        await desk.log.commit(close)
    assert await desk.stored() == []
    assert await desk.log.commit(close)
    async with desk.company.transaction() as tx:
        assert (await tx.runs.get(desk.log.run.id)).steps == b"step 1"


async def test_the_events_of_a_lost_run_are_neither_stored_nor_shown() -> None:
    desk = await a_desk(SLOW)
    desk.log.run = replace(desk.log.run, lease_token=new_id())
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        await desk.log.flush()
        desk.log.add("tool.finished", {})
        assert not await desk.log.commit(lost)
        assert heard.empty()
    assert await desk.stored() == []


async def test_the_last_event_can_be_amended_when_storage_is_gone() -> None:
    desk = await a_desk(SLOW)
    async with desk.listening() as heard:
        desk.storage.at_commit = [StorageUnavailableError("gone")] * 2
        desk.log.add("tool.started", {})
        await desk.log.flush()
        desk.log.add_last("run.completed", {"stored": True})
        with pytest.raises(StorageUnavailableError):
            await desk.log.commit(nothing_more)
        unstored = desk.log.amend({"stored": False})
        shown = [await next_of(heard)]
        assert heard.empty()
        desk.log.show()
        shown.append(await next_of(heard))
    assert list(unstored) == shown
    assert [(event.id, bytes(event.data)) for event in shown] == [
        (1, b"{}"), (2, b'{"stored":false}'),
    ]  # fmt: skip


async def test_a_closed_log_forgets_what_nobody_has_seen() -> None:
    desk = await a_desk()
    desk.log.add_text("never said")
    desk.log.close()
    await desk.log.flush()
    assert await desk.stored() == []
