"""What every rate limiter does."""

import pytest

from hexdesk.core.ports.limits import Attempt, Rate, RateLimiter
from hexdesk.core.testing.steady import SteadyClock

THREE = Rate("user", 3)
TEN = Rate("address", 10)


class RateLimiterContract:
    """Define a fixture `limiter` that goes by the fixture `clock`, a `SteadyClock`."""

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

    async def test_the_rate_closest_to_its_limit_is_described(self, limiter: RateLimiter) -> None:
        both = [Attempt(TEN, "192.0.2.1"), Attempt(THREE, "ann")]
        assert (await limiter.hit(both)).rate == THREE
