"""The limiter lets through exactly what the rate says, all of it or nothing."""

import asyncio

import pytest

from hexdesk.adapters.limits.memory import MemoryLimiter
from hexdesk.core.ports.limits import Attempt, Rate
from hexdesk.core.testing import SteadyClock

USER = Rate("user", 20)
ADDRESS = Rate("address", 50)


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def limiter(clock: SteadyClock) -> MemoryLimiter:
    return MemoryLimiter(clock)


async def allowed(limiter: MemoryLimiter, times: int, *attempts: Attempt) -> int:
    verdicts = await asyncio.gather(*(limiter.hit(attempts) for _ in range(times)))
    return sum(verdict.is_allowed for verdict in verdicts)


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 60, 100, 600, 1200])
async def test_the_whole_limit_may_come_at_once_and_not_one_more(
    clock: SteadyClock, limit: int
) -> None:
    clock.advance(12345.678)
    assert await allowed(MemoryLimiter(clock), limit * 2, Attempt(Rate("r", limit), "a")) == limit


async def test_a_used_up_bucket_fills_steadily(limiter: MemoryLimiter, clock: SteadyClock) -> None:
    attempt = Attempt(USER, "ada")
    await allowed(limiter, 20, attempt)
    for _ in range(10):
        clock.advance(3)
        assert await allowed(limiter, 2, attempt) == 1
    clock.advance(3600)
    assert await allowed(limiter, 40, attempt) == 20


async def test_a_verdict_tells_what_is_left_and_when_all_is_back(limiter: MemoryLimiter) -> None:
    for used in range(1, 21):
        verdict = await limiter.hit([Attempt(USER, "ada")])
        assert verdict.is_allowed
        assert verdict.remaining == 20 - used
        assert verdict.retry_after == 0
        assert verdict.reset_after == pytest.approx(3 * used)


async def test_after_the_wait_it_names_the_next_attempt_is_allowed(
    limiter: MemoryLimiter, clock: SteadyClock
) -> None:
    await allowed(limiter, 20, Attempt(USER, "ada"))
    clock.advance(1)
    refusal = await limiter.hit([Attempt(USER, "ada")])
    assert not refusal.is_allowed
    assert refusal.remaining == 0
    assert refusal.retry_after == pytest.approx(2)
    assert refusal.reset_after == pytest.approx(59)
    clock.advance(refusal.retry_after)
    assert (await limiter.hit([Attempt(USER, "ada")])).is_allowed


async def test_one_full_bucket_keeps_the_others_from_being_counted(limiter: MemoryLimiter) -> None:
    address = Attempt(ADDRESS, "192.0.2.1")
    assert await allowed(limiter, 30, Attempt(USER, "ada"), address) == 20
    assert await allowed(limiter, 60, address) == 30


async def test_the_verdict_is_about_the_rate_closest_to_its_limit(limiter: MemoryLimiter) -> None:
    both = [Attempt(ADDRESS, "192.0.2.1"), Attempt(USER, "ada")]
    assert (await limiter.hit(both)).rate == USER
    await allowed(limiter, 40, Attempt(ADDRESS, "192.0.2.1"))
    assert (await limiter.hit(both)).rate == ADDRESS


async def test_a_refusal_is_about_the_longest_wait(limiter: MemoryLimiter) -> None:
    fast, slow = Attempt(Rate("fast", 60), "ada"), Attempt(Rate("slow", 1), "ada")
    await allowed(limiter, 60, fast)
    await limiter.hit([slow])
    assert (await limiter.hit([fast, slow])).retry_after == pytest.approx(60)


async def test_the_same_bucket_twice_counts_twice(limiter: MemoryLimiter) -> None:
    attempt = Attempt(USER, "ada")
    assert await allowed(limiter, 20, attempt, attempt) == 10


async def test_rates_and_subjects_do_not_share_buckets(limiter: MemoryLimiter) -> None:
    assert await allowed(limiter, 30, Attempt(USER, "ada")) == 20
    assert await allowed(limiter, 30, Attempt(USER, "bob")) == 20
    assert await allowed(limiter, 30, Attempt(Rate("login", 20), "ada")) == 20


async def test_invented_subjects_do_not_fill_the_memory_nor_free_the_guilty(
    clock: SteadyClock,
) -> None:
    limiter = MemoryLimiter(clock, max_buckets=100)
    await allowed(limiter, 20, Attempt(USER, "ada"))
    for number in range(1000):
        await limiter.hit([Attempt(USER, f"invented {number}")])
        assert limiter.buckets <= 100
    assert await allowed(limiter, 1, Attempt(USER, "ada")) == 0


async def test_buckets_that_are_full_again_are_forgotten_first(clock: SteadyClock) -> None:
    limiter = MemoryLimiter(clock, max_buckets=3)
    for subject in ("a", "b", "c"):
        await limiter.hit([Attempt(USER, subject)])
    clock.advance(60)
    await limiter.hit([Attempt(USER, "d")])
    assert limiter.buckets == 1
