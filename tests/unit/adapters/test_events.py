"""Whoever follows a run hears all of it, in order, and then that it is over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import msgspec
import pytest

from hexdesk.adapters.events.memory import EVENT_BYTES, MemoryRunEvents
from hexdesk.core.model.chat import RunEvent
from hexdesk.core.testing import SteadyClock

RUN, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def events(clock: SteadyClock) -> MemoryRunEvents:
    return MemoryRunEvents(clock)


def event(number: int) -> RunEvent:
    return RunEvent(id=number, type="text.delta", data=msgspec.Raw(b'{"text":"hi"}'))


async def ids(stream: AsyncGenerator[RunEvent] | None) -> list[int]:
    assert stream is not None
    async with asyncio.timeout(5), aclosing(stream):
        return [one.id async for one in stream]


async def listen(events: MemoryRunEvents) -> asyncio.Task[list[int]]:
    listening = asyncio.create_task(ids(events.follow(RUN, 0)))
    # One turn of the loop, and it listens.
    await asyncio.sleep(0)
    assert events.is_followed(RUN)
    return listening


async def test_a_follower_hears_what_was_and_what_comes(events: MemoryRunEvents) -> None:
    events.open(RUN)
    events.publish(RUN, [event(1), event(2)])
    listening = await listen(events)
    events.publish(RUN, [event(3)])
    await asyncio.sleep(0)
    events.publish(RUN, [event(4), event(5)])
    events.close(RUN)
    assert await listening == [1, 2, 3, 4, 5]


async def test_events_reach_the_follower_as_they_come(events: MemoryRunEvents) -> None:
    events.open(RUN)
    stream = events.follow(RUN, 0)
    assert stream is not None
    async with asyncio.timeout(5), aclosing(stream):
        for number in (1, 2, 3):
            coming = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            assert not coming.done()
            events.publish(RUN, [event(number)])
            assert (await coming).id == number


async def test_a_follower_goes_on_after_the_event_it_heard_last(events: MemoryRunEvents) -> None:
    events.open(RUN)
    events.publish(RUN, [event(number) for number in range(1, 6)])
    events.close(RUN)
    assert await ids(events.follow(RUN, 3)) == [4, 5]
    assert await ids(events.follow(RUN, 5)) == []


async def test_many_followers_hear_the_same(events: MemoryRunEvents) -> None:
    events.open(RUN)
    listening = [await listen(events) for _ in range(10)]
    for number in range(1, 100):
        events.publish(RUN, [event(number)])
    events.close(RUN)
    assert await asyncio.gather(*listening) == [list(range(1, 100))] * 10


async def test_runs_do_not_hear_each_other(events: MemoryRunEvents) -> None:
    events.open(RUN)
    events.open(OTHER)
    events.publish(OTHER, [event(1)])
    events.close(OTHER)
    listening = await listen(events)
    assert not events.is_followed(OTHER)
    events.close(RUN)
    assert await listening == []


def test_a_run_that_nobody_here_works_on_cannot_be_followed(events: MemoryRunEvents) -> None:
    events.publish(RUN, [event(1)])
    events.close(RUN)
    assert events.follow(RUN, 0) is None


async def test_a_run_is_followed_until_the_last_follower_hangs_up(events: MemoryRunEvents) -> None:
    events.open(RUN)
    assert not events.is_followed(RUN)
    first, second = await listen(events), await listen(events)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert events.is_followed(RUN)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert not events.is_followed(RUN)


async def test_a_closed_run_can_be_followed_for_a_minute(
    events: MemoryRunEvents, clock: SteadyClock
) -> None:
    events.open(RUN)
    events.publish(RUN, [event(1)])
    events.close(RUN)
    clock.advance(59)
    assert await ids(events.follow(RUN, 0)) == [1]
    clock.advance(1)
    assert events.follow(RUN, 0) is None


async def test_an_open_run_is_kept_however_long_it_takes(
    events: MemoryRunEvents, clock: SteadyClock
) -> None:
    events.open(RUN)
    events.publish(RUN, [event(1)])
    clock.advance(3600)
    listening = await listen(events)
    events.close(RUN)
    assert await listening == [1]


async def test_a_run_that_is_opened_again_goes_on_where_it_was(events: MemoryRunEvents) -> None:
    events.open(RUN)
    events.publish(RUN, [event(1)])
    events.close(RUN)
    events.open(RUN)
    events.open(RUN)
    events.publish(RUN, [event(2)])
    events.close(RUN)
    assert await ids(events.follow(RUN, 0)) == [1, 2]


def test_closed_runs_go_early_oldest_first_when_they_take_too_much_memory(
    clock: SteadyClock,
) -> None:
    size = EVENT_BYTES + len(event(1).data)
    events = MemoryRunEvents(clock, max_closed_bytes=2 * size)
    runs = [UUID(int=number) for number in range(1, 5)]
    for run_id in runs:
        events.open(run_id)
        events.publish(run_id, [event(1)])
        events.close(run_id)
    assert [events.follow(run_id, 0) is not None for run_id in runs] == [False, False, True, True]
