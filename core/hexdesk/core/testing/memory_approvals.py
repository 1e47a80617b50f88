"""Approvals, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.approvals import Approval, ApprovalFilter, ApprovalStatus, HeldCall
from hexdesk.core.model.chat import RunStatus, ThreadStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.approval_records import Approvals
from hexdesk.core.testing.memory_records import Draft, Records, found, page_of

DECIDED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.DENIED})


@dataclass(frozen=True)
class MemoryApprovals(Approvals):
    """The approvals in a draft."""

    draft: Draft

    async def add(self, held: HeldCall) -> None:
        records = await self.draft.to_write()
        found(records.threads, held.thread_id, "thread")
        found(records.runs, held.run_id, "run")
        records.approvals[held.id] = held

    async def get(self, approval_id: UUID) -> HeldCall:
        return found(self.draft.records.approvals, approval_id, "approval")

    async def page(
        self, wanted: ApprovalFilter, part: Slice, *, own_of: UUID | None
    ) -> Page[Approval]:
        threads = self.draft.records.threads
        return page_of(
            (
                held.shown()
                for held in self.draft.records.approvals.values()
                if wanted.status in {None, held.status}
                and wanted.thread_id in {None, held.thread_id}
                and (
                    own_of is None
                    or threads[held.thread_id].is_customers
                    or threads[held.thread_id].user_id == own_of
                )
            ),
            part,
        )

    async def settle(self, held: HeldCall) -> bool:
        records = await self.draft.to_write()
        stored = records.approvals.get(held.id)
        if stored is None or stored.status is not ApprovalStatus.PENDING:
            return False
        records.approvals[held.id] = replace(
            stored,
            status=held.status,
            decided_by_id=held.decided_by_id,
            decided_at=held.decided_at,
            note=held.note,
        )
        return True

    async def resume(self, approval_id: UUID, run_id: UUID) -> bool:
        records = await self.draft.to_write()
        held = records.approvals.get(approval_id)
        if held is None or held.resumed_run_id or held.status not in DECIDED:
            return False
        records.approvals[approval_id] = replace(held, resumed_run_id=run_id)
        return True

    async def of_runs(self, run_ids: Sequence[UUID]) -> Sequence[HeldCall]:
        approvals = self.draft.records.approvals.values()
        return [held for held in approvals if held.run_id in run_ids]

    async def has_pending(self, thread_id: UUID) -> bool:
        return any(
            held.thread_id == thread_id and held.status is ApprovalStatus.PENDING
            for held in self.draft.records.approvals.values()
        )


def due_approvals(records: Records, now: datetime) -> Iterator[tuple[datetime, UUID]]:
    """Yield the approvals of an organization that are to be seen to, with since when."""
    busy = {run.thread_id for run in records.runs.values() if run.status is RunStatus.RUNNING}
    for held in records.approvals.values():
        if held.status is ApprovalStatus.PENDING and held.expires_at <= now:
            yield held.expires_at, held.id
        elif held.status in DECIDED and held.resumed_run_id is None and held.decided_at:
            is_persons = records.threads[held.thread_id].status is ThreadStatus.HUMAN
            if not is_persons and held.thread_id not in busy:
                yield held.decided_at, held.id
