"""Records of tickets, integrations, the audit, and what was answered once."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.audit import AuditEvent, AuditFilter
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tickets import Comment, Ticket, TicketFilter, TicketStats


class Tickets(Protocol):
    """The organization's tickets."""

    @abstractmethod
    async def get(self, ticket: UUID | int, *, lock: bool = False) -> Ticket:
        """Return a ticket by id or number; with `lock` no other transaction can change it."""

    @abstractmethod
    async def page(self, wanted: TicketFilter, part: Slice) -> Page[Ticket]:
        """Return a part of the list; sorted by rank if there is a query and `sort` is None."""

    @abstractmethod
    async def add(self, ticket: Ticket) -> Ticket:
        """Store a ticket under the organization's next number and return it with that number.

        Numbers have no gaps and no duplicates, however many are added at once.
        """

    @abstractmethod
    async def update(self, ticket: Ticket) -> None:
        """Store what changed, if the stored version is one less; else raise `ConflictError`."""

    @abstractmethod
    async def remove(self, ticket_id: UUID) -> None:
        """Remove the ticket and its comments; its number is not used again."""

    @abstractmethod
    async def stats(self, now: datetime) -> TicketStats:
        """Return the numbers, every status and priority named, zeros too."""


class Comments(Protocol):
    """What was remarked on tickets."""

    @abstractmethod
    async def add(self, comment: Comment) -> None:
        """Store a comment."""

    @abstractmethod
    async def page(self, ticket_id: UUID, part: Slice) -> Page[Comment]:
        """Return a part of a ticket's comments."""


class Integrations(Protocol):
    """The organization's integrations; `config` is stored as given, so seal secrets before."""

    @abstractmethod
    async def get(self, integration_id: UUID, *, lock: bool = False) -> Integration:
        """Return the integration; with `lock` no other transaction changes it meanwhile."""

    @abstractmethod
    async def page(self, part: Slice, *, active_only: bool = False) -> Page[Integration]:
        """Return a part of the list."""

    @abstractmethod
    async def add(self, integration: Integration) -> None:
        """Store an integration."""

    @abstractmethod
    async def update(self, integration: Integration) -> None:
        """Store what changed."""

    @abstractmethod
    async def remove(self, integration_id: UUID) -> None:
        """Remove the integration."""


class Audit(Protocol):
    """What was done and refused: it only grows."""

    @abstractmethod
    async def add(self, event: AuditEvent, *, once_key: str | None = None) -> bool:
        """Store an event; with a key, False if one with that key is there already."""

    @abstractmethod
    async def page(self, wanted: AuditFilter, part: Slice) -> Page[AuditEvent]:
        """Return a part of the list."""


class IdempotencyKeys(Protocol):
    """The answers already given."""

    @abstractmethod
    async def find(self, key: IdempotencyKey, since: datetime) -> KeptAnswer | None:
        """Return the answer kept for the key since then, or None."""

    @abstractmethod
    async def keep(self, key: IdempotencyKey, answer: KeptAnswer, since: datetime) -> bool:
        """Keep the answer; False if one is kept since then already.

        Waits for a transaction that is keeping one for the same key; raises `BusyError` if that
        takes longer than a few seconds.
        """

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Remove a batch of answers that were given before then.

        Return how many were removed; 0 when none is left.
        """


class ToolCalls(Protocol):
    """Results of tool calls, stored with their effects, so that a repeat has none.

    A run is that of a message or, under the task's id, of a task.
    """

    @abstractmethod
    async def claim(self, run_id: UUID, call_id: str, tool: str) -> bytes | None:
        """Return the first result of the call, or None for the one who is to make it.

        Waits for a transaction that is making the same call.
        """

    @abstractmethod
    async def keep(self, run_id: UUID, call_id: str, result: bytes) -> None:
        """Store the result of a claimed call."""

    @abstractmethod
    async def of_run(self, run_id: UUID) -> Sequence[str]:
        """Return the ids of the run's calls that have a result."""

    @abstractmethod
    async def forget(self, before: datetime) -> int:
        """Remove a batch of calls that were claimed before then.

        Return how many were removed; 0 when none is left.
        """
