"""The places of a worker, as threads take them and give them back."""

import threading
from collections.abc import Sequence

from hexdesk.core.policy.lanes import LAST_URGENT, lanes


class Places:
    """How much may be done at once: of those who ask, the most urgent has all that are free.

    Urgent work may have every place, bulk work those that are not kept for urgent work.
    """

    def __init__(self, concurrency: int, priorities: Sequence[int]) -> None:
        shared_out = lanes(concurrency, priorities)
        self._free = len(shared_out)
        self._free_for_bulk = sum(lane[-1] > LAST_URGENT for lane in shared_out)
        self._asking: list[int] = []
        self._news = threading.Condition()
        self._closed = threading.Event()

    @property
    def are_closed(self) -> bool:
        """Whether nothing is begun any more."""
        return self._closed.is_set()

    @property
    def asking(self) -> tuple[int, ...]:
        """Which priorities wait for a place, the highest first."""
        with self._news:
            return tuple(sorted(self._asking))

    def take(self, priority: int, seconds: float) -> int:
        """Take every place that this priority may have, and return how many.

        0 if there is none within that time, or nothing is begun any more.
        """
        with self._news:
            self._asking.append(priority)
            try:
                self._news.wait_for(lambda: self.are_closed or self._is_served(priority), seconds)
                count = 0 if self.are_closed else self._free_for(priority)
                self._add(priority, -count)
            finally:
                self._asking.remove(priority)
                # The next may be served by what is left, or need no longer wait for this one.
                self._news.notify_all()
            return count

    def give_back(self, priority: int, count: int = 1) -> None:
        """Let others have so many places."""
        with self._news:
            self._add(priority, count)
            self._news.notify_all()

    def close(self) -> None:
        """Have nothing begun any more."""
        with self._news:
            self._closed.set()
            self._news.notify_all()

    def rest(self, seconds: float) -> None:
        """Wait for so long, or until nothing is begun any more."""
        self._closed.wait(seconds)

    def _is_served(self, priority: int) -> bool:
        return priority == min(self._asking) and self._free_for(priority) > 0

    def _free_for(self, priority: int) -> int:
        if priority <= LAST_URGENT:
            return self._free
        return min(self._free, self._free_for_bulk)

    def _add(self, priority: int, count: int) -> None:
        self._free += count
        if priority > LAST_URGENT:
            self._free_for_bulk += count
