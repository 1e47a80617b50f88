"""Records of conversations and of the runs that answer them."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.chat import Message, Run, RunEvent, RunStatus, Situation, Thread
from hexdesk.core.model.listing import Page, Slice


class Threads(Protocol):
    """The organization's conversations."""

    @abstractmethod
    async def get(self, thread_id: UUID, *, lock: bool = False) -> Thread:
        """Return the thread; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def with_agent(self, thread_id: UUID) -> Situation:
        """Return the thread, locked, with its agent and the organization, in one look.

        An agent knows files as soon as it was given one, read or not.
        """

    @abstractmethod
    async def page(self, part: Slice, *, own_of: UUID | None) -> Page[Thread]:
        """Return a part of the list: all, or only `own_of`'s and customers'."""

    @abstractmethod
    async def add(self, thread: Thread) -> None:
        """Store a thread."""

    @abstractmethod
    async def update(self, thread: Thread) -> None:
        """Store what changed."""

    @abstractmethod
    async def remove(self, thread_id: UUID) -> None:
        """Remove the thread, its messages, runs and events; tickets and actions stay."""


class Messages(Protocol):
    """What was said."""

    @abstractmethod
    async def add(self, message: Message) -> None:
        """Store a message; one with the same id that is there already stays as it is."""

    @abstractmethod
    async def get(self, message_id: UUID) -> Message:
        """Return the message."""

    @abstractmethod
    async def page(self, thread_id: UUID, part: Slice) -> Page[Message]:
        """Return a part of a thread's messages."""

    @abstractmethod
    async def latest(self, thread_id: UUID, count: int) -> Sequence[Message]:
        """Return a thread's newest messages, oldest of them first."""


class Runs(Protocol):
    """The work of answering messages: at most one running run to a thread."""

    @abstractmethod
    async def begin(self, run: Run) -> bool:
        """Store a run; False, and nothing stored, if another is running in its thread.

        One that has ended already is stored whatever else is running there.
        """

    @abstractmethod
    async def get(self, run_id: UUID) -> Run:
        """Return the run."""

    @abstractmethod
    async def running_in(self, thread_id: UUID) -> Run | None:
        """Return the run that is running in the thread, if one is."""

    @abstractmethod
    async def take_over(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> Run | None:
        """Take an abandoned run: None if it has ended or its lease is not over."""

    @abstractmethod
    async def renew(self, run_id: UUID, lease_token: UUID, lease_until: datetime) -> bool:
        """Hold the lease for longer; False if somebody else has it."""

    @abstractmethod
    async def save_steps(self, run_id: UUID, lease_token: UUID, steps: bytes) -> bool:
        """Store how far the run is; False if somebody else has the lease."""

    @abstractmethod
    async def finish(self, run: Run) -> bool:
        """Store the run's end (`status`, `response`, `finished_at`); False without the lease.

        The steps are forgotten: an ended run does not go on.
        """


class EventLog(Protocol):
    """The events of runs, for those who come back."""

    @abstractmethod
    async def add(self, run_id: UUID, events: Sequence[RunEvent]) -> None:
        """Store events; one that is there already, by its id, stays as it is."""

    @abstractmethod
    async def after(self, run_id: UUID, event_id: int) -> tuple[Sequence[RunEvent], RunStatus]:
        """Return the events with a greater id, and how far the run is."""

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Remove the events of a batch of runs that began before then and have ended.

        Return of how many runs; 0 when none is left.
        """
