"""The system clock tells the time and never hands out the same thing twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hexdesk.adapters.clock.system import SystemClock

clock = SystemClock()


def test_now_is_the_present_in_utc() -> None:
    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)
    assert before <= now <= after
    assert now.utcoffset() == timedelta(0)


def test_elapsed_time_never_goes_back() -> None:
    readings = [clock.elapsed() for _ in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(readings))


def test_an_id_is_a_plain_uuid_of_version_7_made_now() -> None:
    made = clock.new_id()
    assert type(made) is UUID
    assert made.version == 7
    at = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    assert abs(at - datetime.now(UTC)) < timedelta(seconds=10)


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    ids = [clock.new_id() for _ in range(20_000)]
    assert all(earlier < later for earlier, later in pairwise(ids))
    texts = [str(one) for one in ids]
    assert texts == sorted(texts)


def test_threads_that_ask_at_once_get_different_ids_each_in_order() -> None:
    def batch(size: int) -> list[UUID]:
        return [clock.new_id() for _ in range(size)]

    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(batch, [5000] * 4))
    assert len({one for batch in batches for one in batch}) == 20_000
    assert all(batch == sorted(batch) for batch in batches)


def test_a_secret_is_43_url_safe_characters_and_never_the_same() -> None:
    secrets = {clock.new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert {len(secret) for secret in secrets} == {43}
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert set("".join(secrets)) <= alphabet
