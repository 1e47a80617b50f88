"""When a failed attempt is followed by the next."""

from datetime import timedelta

from hexdesk.core.model.tasks import Endurance

LEAST_SHARE = 0.5
# After so many the longest pause is reached, and the power stays a number.
MOST_DOUBLINGS = 30


def pause(endurance: Endurance, attempts: int, chance: float) -> timedelta:
    """Return how long to wait after so many attempts: exponential backoff with jitter.

    `chance`, from 0 to 1, keeps tasks that failed together from coming back together.
    """
    doublings = min(max(attempts - 1, 0), MOST_DOUBLINGS)
    whole = min(endurance.longest_pause, endurance.first_pause * 2**doublings)
    return timedelta(seconds=whole * (LEAST_SHARE + (1 - LEAST_SHARE) * chance))
