"""What everything that carries run events does."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from hexdesk.core.model.chat import RunEvent
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.testing.examples import an_event, new_id


class RunEventsContract:
    """Define a fixture `run_events`, and one `elsewhere`: the events as another process has them.

    Where processes cannot hear each other, both are the same.
    """

    async def test_a_run_that_nobody_works_on_cannot_be_followed(
        self, run_events: RunEvents
    ) -> None:
        assert run_events.follow(new_id(), 0) is None

    async def test_who_follows_from_the_start_hears_everything_to_the_end(
        self, run_events: RunEvents
    ) -> None:
        run_id = new_id()
        run_events.open(run_id)
        listening = asyncio.create_task(heard(run_events.follow(run_id, 0)))
        for event_id in (1, 2, 3):
            run_events.publish(run_id, [an_event(event_id)])
            await asyncio.sleep(0)
        run_events.close(run_id)
        async with asyncio.timeout(10):
            assert await listening == [1, 2, 3]

    async def test_who_comes_late_hears_what_was_missed(self, run_events: RunEvents) -> None:
        run_id = new_id()
        run_events.open(run_id)
        run_events.publish(run_id, [an_event(1), an_event(2), an_event(3)])
        from_start, from_middle = run_events.follow(run_id, 0), run_events.follow(run_id, 2)
        run_events.publish(run_id, [an_event(4)])
        run_events.close(run_id)
        async with asyncio.timeout(10):
            assert await heard(from_start) == [1, 2, 3, 4]
            assert await heard(from_middle) == [3, 4]

    async def test_opening_a_run_again_forgets_nothing(self, run_events: RunEvents) -> None:
        run_id = new_id()
        run_events.open(run_id)
        run_events.publish(run_id, [an_event(1)])
        run_events.open(run_id)
        stream = run_events.follow(run_id, 0)
        run_events.close(run_id)
        async with asyncio.timeout(10):
            assert await heard(stream) == [1]

    async def test_runs_do_not_hear_each_other(self, run_events: RunEvents) -> None:
        one, other = new_id(), new_id()
        run_events.open(one)
        run_events.open(other)
        stream = run_events.follow(one, 0)
        run_events.publish(other, [an_event(1)])
        run_events.close(other)
        run_events.close(one)
        async with asyncio.timeout(10):
            assert await heard(stream) == []

    async def test_a_run_is_followed_while_somebody_listens(self, run_events: RunEvents) -> None:
        run_id = new_id()
        assert not run_events.is_followed(run_id)
        run_events.open(run_id)
        assert not run_events.is_followed(run_id)
        run_events.publish(run_id, [an_event(1)])
        stream = run_events.follow(run_id, 0)
        assert stream is not None
        async with asyncio.timeout(10):
            await anext(stream)
            assert run_events.is_followed(run_id)
            await stream.aclose()
        assert not run_events.is_followed(run_id)
        run_events.close(run_id)

    async def test_whoever_waits_for_news_hears_of_events_and_of_the_end(
        self, run_events: RunEvents, elsewhere: RunEvents
    ) -> None:
        run_id = new_id()
        run_events.open(run_id)
        with elsewhere.news(run_id) as news:
            await followed(run_events, run_id)
            for event_id in (1, 2):
                news.clear()
                run_events.publish(run_id, [an_event(event_id)])
                await told(news)
            news.clear()
            run_events.close(run_id)
            await told(news)

    async def test_the_end_of_a_run_is_news_to_all_who_wait_for_it(
        self, run_events: RunEvents, elsewhere: RunEvents
    ) -> None:
        one, other = new_id(), new_id()
        run_events.open(one)
        run_events.open(other)
        with (
            elsewhere.news(one) as early,
            elsewhere.news(one) as late,
            elsewhere.news(other) as others,
        ):
            await followed(run_events, one)
            await followed(run_events, other)
            for news in (early, late, others):
                news.clear()
            run_events.close(one)
            await told(early)
            await told(late)
            assert not others.is_set()
            run_events.close(other)

    async def test_whoever_waits_for_news_follows_the_run_here_or_elsewhere(
        self, run_events: RunEvents, elsewhere: RunEvents
    ) -> None:
        run_id = new_id()
        with elsewhere.news(run_id):
            assert not run_events.is_followed(run_id)
            run_events.open(run_id)
            await followed(run_events, run_id)
        run_events.close(run_id)
        assert not run_events.is_followed(run_id)

    async def test_a_run_that_is_not_open_can_be_published_and_closed(
        self, run_events: RunEvents
    ) -> None:
        run_id = new_id()
        run_events.publish(run_id, [an_event(1)])
        run_events.close(run_id)
        assert run_events.follow(run_id, 0) is None


async def followed(run_events: RunEvents, run_id: UUID) -> None:
    """Return when it is known that somebody follows the run: word of it may be on its way."""
    async with asyncio.timeout(10):
        while True:
            if run_events.is_followed(run_id):
                return
            await asyncio.sleep(0.001)


async def told(news: asyncio.Event) -> None:
    """Return when there are news."""
    async with asyncio.timeout(10):
        await news.wait()


async def heard(stream: AsyncGenerator[RunEvent] | None) -> list[int]:
    """Return the ids of a stream's events, once it has ended."""
    assert stream is not None
    return [event.id async for event in stream]
