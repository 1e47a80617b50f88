"""People in the loop: all that they can do about agents' calls and conversations."""

from dataclasses import dataclass

from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.approval_watch import WatchApprovals
from hexdesk.core.use_cases.approvals import DecideApproval, GetApproval, ListApprovals
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.handoffs import HandOffThread, ReplyInThread, ResumeThread
from hexdesk.core.use_cases.resuming import ResumeRun
from hexdesk.core.use_cases.run_desk import RunDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """Approvals, and conversations that change hands."""

    list_approvals: ListApprovals
    get_approval: GetApproval
    decide: DecideApproval
    watch_approvals: WatchApprovals
    hand_off: HandOffThread
    resume: ResumeThread
    reply: ReplyInThread

    @classmethod
    def of(
        cls,
        *,
        storage: Storage,
        clock: Clock,
        settings: DeskSettings,
        auditor: Auditor,
        run_desk: RunDesk,
    ) -> "PeopleDesk":
        """Put it together from its ports; what goes on, goes on where the runs are."""
        resume_run = ResumeRun(
            storage=run_desk.storage,
            clock=clock,
            assignments=run_desk.assignments,
            run_desk=run_desk,
        )
        return cls(
            list_approvals=ListApprovals(storage=storage),
            get_approval=GetApproval(storage=storage),
            decide=DecideApproval(
                storage=storage,
                clock=clock,
                auditor=auditor,
                resume_run=resume_run,
                settings=settings,
            ),
            watch_approvals=WatchApprovals(
                storage=storage, clock=clock, auditor=auditor, resume_run=resume_run
            ),
            hand_off=HandOffThread(storage=storage, clock=clock, auditor=auditor),
            resume=ResumeThread(storage=storage, clock=clock, auditor=auditor),
            reply=ReplyInThread(storage=storage, clock=clock, auditor=auditor),
        )
