"""Watching over approvals: what nobody decided in time, and what was decided and not begun."""

import asyncio
import logging
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.errors import BusyError, NotFoundError, UnavailableError
from hexdesk.core.model.approvals import ApprovalStatus, HeldCall
from hexdesk.core.model.principals import System
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.approvals import settle_thread
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.resuming import ResumeRun

log = logging.getLogger("hexdesk.approvals")
MOST_AT_ONCE = 20
PAUSE_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchApprovals:
    """Ends approvals whose time is over, and begins runs that a decision has called for."""

    storage: Storage
    clock: Clock
    auditor: Auditor
    outbox: Outbox
    resume_run: ResumeRun

    async def __call__(self) -> int:
        """Return how many were seen to, of all organizations."""
        seen_to = 0
        for approval_id, organization_id in await self.storage.backlog.due_approvals(MOST_AT_ONCE):
            about_it = {"approval_id": str(approval_id), "organization_id": str(organization_id)}
            try:
                seen_to += await self._see_to(approval_id, organization_id)
            except (BusyError, NotFoundError) as error:
                log.info("approval put off", extra={**about_it, "reason": str(error)})
            except UnavailableError:
                raise
            except Exception:
                # One that cannot be seen to must not keep the others waiting.
                log.exception("approval not seen to", extra=about_it)
        return seen_to

    async def keep_watching(self, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self()
            except UnavailableError as error:
                log.warning("approvals put off", extra={"reason": str(error)})
            except Exception:
                # The edge of a background task: what failed now may succeed the next time.
                log.exception("watching approvals failed")
            await asyncio.sleep(pause_seconds)

    async def _see_to(self, approval_id: UUID, organization_id: UUID) -> bool:
        who = System(organization_id=organization_id)
        async with self.storage.transaction(who) as tx:
            held = await tx.approvals.get(approval_id)
            if held.status is ApprovalStatus.PENDING:
                thread = await tx.threads.get(held.thread_id, lock=True)
                if not await tx.approvals.settle(self._expired(held)):
                    return False
                await settle_thread(tx, who, thread, self.outbox)
                await self.auditor.note(
                    tx,
                    who,
                    "approval.expired",
                    target=("approval", approval_id),
                    tool=held.tool,
                    thread_id=str(thread.id),
                )
                return True
        return await self.resume_run(approval_id, organization_id)

    def _expired(self, held: HeldCall) -> HeldCall:
        return replace(held, status=ApprovalStatus.EXPIRED)
