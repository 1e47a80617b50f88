"""What every rate limiter does."""

import asyncio

import pytest

from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter
from hexdesk.core.testing.steady import SteadyClock

THREE = Rate("user", 3)
TEN = Rate("address", 10)


class RateLimiterContract:
    """Define a fixture `limiter` that goes by the fixture `clock`, a `SteadyClock`.

    And one `elsewhere`: the limiter as another process has it. Where each process counts for
    itself, both are the same.
    """

    async def test_a_burst_of_the_whole_limit_passes_and_no_more(
        self, limiter: RateLimiter
    ) -> None:
        ann = [Attempt(THREE, "ann")]
        verdicts = [await limiter.hit(ann) for _ in range(4)]
        assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0]
        assert [verdict.is_allowed for verdict in verdicts] == [True, True, True, False]
        assert {verdict.rate for verdict in verdicts} == {THREE}
        assert [verdict.reset_after for verdict in verdicts] == pytest.approx([20, 40, 60, 60])
        assert [verdict.retry_after for verdict in verdicts] == pytest.approx([0, 0, 0, 20])

    async def test_the_next_passes_when_it_was_told_to_come_back(
        self, limiter: RateLimiter, clock: SteadyClock
    ) -> None:
        ann = [Attempt(THREE, "ann")]
        for _ in range(3):
            await limiter.hit(ann)
        clock.advance(19)
        assert not (await limiter.hit(ann)).is_allowed
        clock.advance(1)
        assert (await limiter.hit(ann)).is_allowed
        assert not (await limiter.hit(ann)).is_allowed

    async def test_nothing_is_saved_up_beyond_the_limit(
        self, limiter: RateLimiter, clock: SteadyClock
    ) -> None:
        ann = [Attempt(THREE, "ann")]
        await limiter.hit(ann)
        clock.advance(3600)
        verdicts = [await limiter.hit(ann) for _ in range(4)]
        assert [verdict.is_allowed for verdict in verdicts] == [True, True, True, False]

    async def test_each_rate_and_subject_has_a_bucket_of_its_own(
        self, limiter: RateLimiter
    ) -> None:
        for _ in range(3):
            await limiter.hit([Attempt(THREE, "ann")])
        assert (await limiter.hit([Attempt(THREE, "bob")])).remaining == 2
        assert (await limiter.hit([Attempt(TEN, "ann")])).remaining == 9

    async def test_all_of_the_attempts_count_or_none(self, limiter: RateLimiter) -> None:
        for _ in range(3):
            await limiter.hit([Attempt(THREE, "ann")])
        both = [Attempt(TEN, "192.0.2.1"), Attempt(THREE, "ann")]
        verdict = await limiter.hit(both)
        assert (verdict.is_allowed, verdict.rate) == (False, THREE)
        assert (await limiter.hit([Attempt(TEN, "192.0.2.1")])).remaining == 9

    async def test_an_attempt_named_twice_counts_twice(self, limiter: RateLimiter) -> None:
        assert (await limiter.hit([Attempt(THREE, "ann")] * 2)).remaining == 1
        assert not (await limiter.hit([Attempt(THREE, "ann")] * 2)).is_allowed

    async def test_the_one_to_wait_for_longest_is_described(self, limiter: RateLimiter) -> None:
        hourly = Rate("hourly", 3, 3600)
        both = [Attempt(THREE, "ann"), Attempt(hourly, "ann")]
        for _ in range(3):
            await limiter.hit(both)
        for order in (both, both[::-1]):
            verdict = await limiter.hit(order)
            assert (verdict.is_allowed, verdict.rate) == (False, hourly)
            assert verdict.retry_after == pytest.approx(1200)

    @pytest.mark.parametrize("limit", [7, 1201, 99_991])
    async def test_a_limit_that_divides_no_period_is_exact(
        self, limiter: RateLimiter, limit: int
    ) -> None:
        rate = Rate("odd", limit)
        most = min(limit, 1201)
        verdicts = [await limiter.hit([Attempt(rate, "ann")]) for _ in range(most)]
        assert [one.remaining for one in verdicts] == [limit - 1 - n for n in range(most)]
        assert (await limiter.hit([Attempt(rate, "ann")])).is_allowed == (limit > most)

    async def test_those_who_come_at_once_share_what_there_is(
        self, limiter: RateLimiter, elsewhere: RateLimiter
    ) -> None:
        ann = [Attempt(TEN, "ann")]
        verdicts = await asyncio.gather(
            *(one.hit(ann) for _ in range(15) for one in (limiter, elsewhere))
        )
        assert sum(verdict.is_allowed for verdict in verdicts) == 10

    async def test_what_is_counted_here_is_counted_elsewhere(
        self, limiter: RateLimiter, elsewhere: RateLimiter
    ) -> None:
        ann = [Attempt(THREE, "ann")]
        assert (await limiter.hit(ann)).remaining == 2
        assert (await elsewhere.hit(ann)).remaining == 1
        assert (await limiter.hit(ann)).remaining == 0
        assert not (await elsewhere.hit(ann)).is_allowed

    async def test_the_rate_closest_to_its_limit_is_described(self, limiter: RateLimiter) -> None:
        both = [Attempt(TEN, "192.0.2.1"), Attempt(THREE, "ann")]
        assert (await limiter.hit(both)).rate == THREE
