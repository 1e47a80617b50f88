"""What people do about agents' calls and conversations, and what then goes on by itself."""

from hexdesk.core.assembly.parts import Parts
from hexdesk.core.desk import PeopleDesk
from hexdesk.core.use_cases import approvals, handoffs
from hexdesk.core.use_cases.approval_watch import WatchApprovals
from hexdesk.core.use_cases.resuming import ResumeRun
from hexdesk.core.use_cases.run_desk import RunDesk


def people_of(parts: Parts, run_desk: RunDesk) -> PeopleDesk:
    """Return the use cases of people in the loop."""
    ports, auditor, outbox = parts.ports, parts.auditor, parts.outbox
    storage, clock = ports.storage, ports.clock
    # What goes on, goes on where the runs are, whatever the storage of the request that asks.
    resume_run = ResumeRun(
        storage=run_desk.storage,
        clock=clock,
        assignments=run_desk.assignments,
        run_desk=run_desk,
    )
    return PeopleDesk(
        list_approvals=approvals.ListApprovals(storage=storage),
        get_approval=approvals.GetApproval(storage=storage),
        decide=approvals.DecideApproval(
            storage=storage,
            clock=clock,
            auditor=auditor,
            outbox=outbox,
            resume_run=resume_run,
            settings=ports.settings,
        ),
        watch_approvals=WatchApprovals(
            storage=storage, clock=clock, auditor=auditor, outbox=outbox, resume_run=resume_run
        ),
        hand_off=handoffs.HandOffThread(
            storage=storage, clock=clock, auditor=auditor, outbox=outbox
        ),
        resume=handoffs.ResumeThread(storage=storage, clock=clock, auditor=auditor, outbox=outbox),
        reply=handoffs.ReplyInThread(storage=storage, clock=clock, auditor=auditor, outbox=outbox),
    )
