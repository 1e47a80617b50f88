"""How the places of a worker are shared out, so that nobody waits behind bulk work."""

from collections.abc import Sequence

LAST_URGENT = 4
"""The lowest priority of work that somebody waits for."""
KEPT_SHARE = 4


def lanes(concurrency: int, priorities: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return for each place which priorities it serves, the highest first.

    A quarter of the places, at least one of two, is kept for urgent work.
    """
    served = tuple(sorted(set(priorities)))
    urgent = tuple(one for one in served if one <= LAST_URGENT)
    kept = max(1, concurrency // KEPT_SHARE) if concurrency > 1 and urgent != served else 0
    kept = kept if urgent else 0
    return (urgent,) * kept + (served,) * (concurrency - kept)
