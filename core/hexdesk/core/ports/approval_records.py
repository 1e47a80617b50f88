"""Records of approvals."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.approvals import Approval, ApprovalFilter, HeldCall
from hexdesk.core.model.listing import Page, Slice


class Approvals(Protocol):
    """The organization's calls that wait, or waited, for a person."""

    @abstractmethod
    async def add(self, held: HeldCall) -> None:
        """Store a call that waits."""

    @abstractmethod
    async def get(self, approval_id: UUID) -> HeldCall:
        """Return the approval with what it holds."""

    @abstractmethod
    async def page(
        self, wanted: ApprovalFilter, part: Slice, *, own_of: UUID | None
    ) -> Page[Approval]:
        """Return a part of the list: of all threads, or only of `own_of`'s and customers'."""

    @abstractmethod
    async def settle(self, held: HeldCall) -> bool:
        """Store how a call was decided, or that nobody did; False if it does not wait any more.

        Stored are `status`, `decided_by_id`, `decided_at` and `note`. Of many at once one does.
        """

    @abstractmethod
    async def resume(self, approval_id: UUID, run_id: UUID) -> bool:
        """Note the run that a decision began; False if there is none to begin, or one has begun."""

    @abstractmethod
    async def of_runs(self, run_ids: Sequence[UUID]) -> Sequence[HeldCall]:
        """Return the approvals that these runs asked for."""

    @abstractmethod
    async def has_pending(self, thread_id: UUID) -> bool:
        """Tell whether a call in the thread waits for a person."""
