"""Approvals, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.model.approvals import Approval, ApprovalFilter, HeldCall
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.approval_records import Approvals
from hexdesk_sqlite.chat_records import OWN_OR_CUSTOMERS
from hexdesk_sqlite.conditions import Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

HELD = RecordTable(HeldCall, "approvals", called="approval")
# What is shown, without what is sealed.
SHOWN = RecordTable(Approval, "approvals", called="approval")

OF_RUNS = f"""
    {HELD.select} WHERE run_id IN (SELECT value FROM json_each(?1)) ORDER BY created_at, id
"""  # noqa: S608  names of columns
SETTLED = ("status", "decided_by_id", "decided_at", "note")
SETTLE = f"{HELD.update_of(*SETTLED)} AND id = ?1 AND status = 'pending'"
RESUME = (
    f"{HELD.update_of('resumed_run_id')} AND id = ?1 AND resumed_run_id IS NULL"
    " AND status IN ('approved', 'denied')"
)
HAS_PENDING = "SELECT EXISTS (SELECT 1 FROM approvals WHERE thread_id = ?1 AND status = 'pending')"
OF_SEEN_THREADS = f"thread_id IN (SELECT id FROM threads WHERE {OWN_OR_CUSTOMERS})"  # noqa: S608  words of ours


@dataclass(slots=True)
class SqliteApprovals(Approvals):
    """The approvals of a transaction's organization."""

    bound: BoundConnection

    async def add(self, held: HeldCall) -> None:
        await HELD.add(self.bound, held)

    async def get(self, approval_id: UUID) -> HeldCall:
        return await HELD.get(self.bound, approval_id)

    async def page(
        self, wanted: ApprovalFilter, part: Slice, *, own_of: UUID | None
    ) -> Page[Approval]:
        conditions = Conditions()
        conditions.add_known("status = {}", wanted.status)
        conditions.add_known("thread_id = {}", wanted.thread_id)
        conditions.add_known(OF_SEEN_THREADS, own_of)
        return await SHOWN.page(self.bound, part, conditions)

    async def settle(self, held: HeldCall) -> bool:
        values = [getattr(held, name) for name in SETTLED]
        return await self.bound.change(SETTLE, held.id, *values) == 1

    async def resume(self, approval_id: UUID, run_id: UUID) -> bool:
        return await self.bound.change(RESUME, approval_id, run_id) == 1

    async def of_runs(self, run_ids: Sequence[UUID]) -> Sequence[HeldCall]:
        return [HELD.read(row) for row in await self.bound.rows(OF_RUNS, list(run_ids))]

    async def has_pending(self, thread_id: UUID) -> bool:
        return bool(await self.bound.value(HAS_PENDING, thread_id))
