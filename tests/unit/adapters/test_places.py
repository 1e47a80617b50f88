"""Who gets the places of a worker, and what is kept for whom."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from hexdesk.adapters.queue.places import Places
from hexdesk.core.model.tasks import ALL_PRIORITIES

NOW = 0.0
LONG = 30.0


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_bulk_work_has_all_places_but_those_that_are_kept() -> None:
    places = Places(8, ALL_PRIORITIES)
    assert places.take(9, NOW) == 6
    assert places.take(5, NOW) == 0
    assert places.take(4, NOW) == 2


def test_urgent_work_has_all_places() -> None:
    places = Places(8, ALL_PRIORITIES)
    assert places.take(0, NOW) == 8
    assert places.take(9, NOW) == 0
    places.give_back(0)
    assert places.take(9, NOW) == 1


def test_bulk_work_has_all_places_where_nothing_else_is_served() -> None:
    assert Places(3, (7, 8)).take(8, NOW) == 3


def test_what_bulk_work_gives_back_is_bulk_works_again() -> None:
    places = Places(4, ALL_PRIORITIES)
    assert places.take(9, NOW) == 3
    assert places.take(1, NOW) == 1
    places.give_back(9, 2)
    assert places.take(1, NOW) == 2
    places.give_back(1, 3)
    assert places.take(6, NOW) == 2


def test_the_most_urgent_who_waits_is_served_first(threads: ThreadPoolExecutor) -> None:
    places = Places(1, ALL_PRIORITIES)
    assert places.take(9, NOW) == 1
    waiting = {priority: threads.submit(places.take, priority, LONG) for priority in (9, 5, 0)}
    while places.asking != (0, 5, 9):
        places.rest(0.001)
    for before, priority in pairwise((9, 0, 5, 9)):
        places.give_back(before)
        assert waiting[priority].result(LONG) == 1
        assert places.take(0, NOW) == 0


def test_nobody_waits_for_places_that_are_closed(threads: ThreadPoolExecutor) -> None:
    places = Places(1, ALL_PRIORITIES)
    assert places.take(9, NOW) == 1
    waiting = threads.submit(places.take, 0, LONG)
    resting = threads.submit(places.rest, LONG)
    places.close()
    assert waiting.result(LONG) == 0
    resting.result(LONG)
    places.give_back(9)
    assert places.take(0, LONG) == 0
