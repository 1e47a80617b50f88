"""What a run stores together with its events: all of it, or nothing."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, StorageUnavailableError
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing.examples import new_id
from tests.unit.core.run_logs import SLOW, a_desk, lost, next_of, nothing_more
from tests.unit.core.scripts import Gate


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
