"""How the events of a run reach whoever listens."""

from abc import abstractmethod
from asyncio import Event
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.chat import RunEvent


class RunEvents(Protocol):
    """Carries the events of runs, from the process at work to the processes that listen."""

    @abstractmethod
    def open(self, run_id: UUID) -> None:
        """Announce that this process will publish the run's events."""

    @abstractmethod
    def publish(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        """Hand the events, in order, to everybody who follows the run; never waits."""

    @abstractmethod
    def close(self, run_id: UUID) -> None:
        """Announce that this process publishes no more of the run; followers' streams end."""

    @abstractmethod
    def follow(self, run_id: UUID, after: int) -> AsyncGenerator[RunEvent] | None:
        """Return the run's events with a greater id as they come, from the first one on.

        None if no process that can be heard from here works on the run: storage has the events.
        """

    @abstractmethod
    def news(self, run_id: UUID) -> AbstractContextManager[Event]:
        """Return what is set whenever the run has events that were not there before, or ends.

        A hint, from whichever process can be heard: some may be missing, and some mean nothing.
        Whoever is inside counts as one who follows the run.
        """

    @abstractmethod
    def is_followed(self, run_id: UUID) -> bool:
        """Tell whether somebody listens right now, to a run that is open here."""
