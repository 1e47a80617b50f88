"""The log of a run: numbered, stored before it is shown, in time for those who listen."""

import asyncio

import pytest

from hexdesk.core.errors import BusyError, DeskError, StorageUnavailableError
from hexdesk.core.model.settings import DeskSettings
from tests.unit.core.run_logs import SLOW, a_desk, next_of, nothing_more
from tests.unit.core.scenes import DEADLINE_SECONDS, text_of
from tests.unit.core.scripts import Gate


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


async def test_a_mistake_of_ours_takes_no_event_along(caplog: pytest.LogCaptureFixture) -> None:
    desk, was_made = await a_desk(), asyncio.Event()

    async def mistake() -> None:
        was_made.set()
        raise RuntimeError

    desk.storage.at_commit.append(mistake)
    async with desk.listening() as heard:
        desk.log.add("tool.started", {})
        await asyncio.wait_for(was_made.wait(), DEADLINE_SECONDS)
        assert heard.empty()
        desk.log.add("tool.finished", {})
        assert [(await next_of(heard)).id for _ in range(2)] == [1, 2]
    assert caplog.messages == ["run events not stored"]
    assert [event.id for event in await desk.stored()] == [1, 2]


async def test_a_flush_holds_the_lease() -> None:
    desk = await a_desk()
    desk.log.add("tool.started", {})
    await desk.log.flush()
    async with desk.company.transaction() as tx:
        run = await tx.runs.get(desk.log.run.id)
    assert (run.lease_until - desk.log.clock.now()).total_seconds() == 15


async def test_a_closed_log_forgets_what_nobody_has_seen() -> None:
    desk = await a_desk()
    desk.log.add_text("never said")
    desk.log.close()
    await desk.log.flush()
    assert await desk.stored() == []
