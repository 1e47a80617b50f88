"""How workers hear of tasks: hints, since the row is the truth."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from hexdesk.core.model.tasks import TaskHint

Work = Callable[[TaskHint], Awaitable[None]]


class Queue(Protocol):
    """Carries hints from whoever has a task to whoever may do it; may lose or double any.

    There is a queue for each priority: a hint of a higher one never waits behind those of a lower.
    """

    @abstractmethod
    async def announce(self, hints: Sequence[TaskHint]) -> None:
        """Tell workers of tasks that are ready. Raise `UnavailableError` if it cannot."""

    @abstractmethod
    def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AbstractAsyncContextManager[None]:
        """Call `work` for each hint of these priorities, so many at once, while inside.

        A part of the places is kept for the priorities 0 to 4, so that those wait for no bulk.
        On leaving, no hint is taken any more, and work under way has been cancelled or is over.
        """
