"""When things are said: in their order, whoever's clock is late."""

from datetime import datetime, timedelta

TICK = timedelta(microseconds=1)


def next_moment(now: datetime, latest: datetime) -> datetime:
    """Return the present, or the moment after the latest thing said where that is later."""
    return max(now, latest + TICK)
