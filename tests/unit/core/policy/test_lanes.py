"""Some places of a worker are kept for urgent work, where it serves any."""

import pytest

from hexdesk.core.model.tasks import ALL_PRIORITIES
from hexdesk.core.policy.lanes import lanes

URGENT = (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("concurrency", "priorities", "expected"),
    [
        (1, ALL_PRIORITIES, (ALL_PRIORITIES,)),
        (2, ALL_PRIORITIES, (URGENT, ALL_PRIORITIES)),
        (8, ALL_PRIORITIES, (URGENT,) * 2 + (ALL_PRIORITIES,) * 6),
        (4, (5, 6), ((5, 6),) * 4),
        (4, (1, 0), ((0, 1),) * 4),
        (3, (9, 2), ((2,), (2, 9), (2, 9))),
    ],
)
def test_places_are_shared_out(
    concurrency: int, priorities: tuple[int, ...], expected: tuple[tuple[int, ...], ...]
) -> None:
    assert lanes(concurrency, priorities) == expected
