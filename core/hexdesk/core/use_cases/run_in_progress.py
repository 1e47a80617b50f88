"""A run while it is being done: what it was given, what it has said and called so far."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from hexdesk.core.errors import BusyError, UnavailableError
from hexdesk.core.model.agents import ToolUse, ToolUseStatus
from hexdesk.core.model.approvals import ApprovedCall
from hexdesk.core.model.chat import Citation, Message, Run, RunEvent, Thread, Turn
from hexdesk.core.model.knowledge import KnownPassage
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.policy.citations import CitationReader
from hexdesk.core.policy.storable import storable
from hexdesk.core.ports.agents import (
    ApprovalNeeded,
    DecidedCall,
    HandedOver,
    RunProgress,
    StepTaken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.answers import Outcome
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.run_log import TOOL_FINISHED, TOOL_STARTED, RunLog, about
from hexdesk.core.use_cases.tool_uses import INTERRUPTED, begun, ended

log = logging.getLogger("hexdesk.runs")


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to do a run; `seen` are the events that are stored already.

    `attached_earlier` are the files that came with messages of the history.
    The answer will be said later than `later_than`. A run that a decision began has `decided`, the
    call in question, and `approved` if it is to be made.
    """

    run: Run
    thread: Thread
    user_message: Message
    instructions: str
    history: tuple[Turn, ...]
    inherits_model: bool
    is_agent_active: bool
    later_than: datetime
    decided: DecidedCall | None = None
    approved: ApprovedCall | None = None
    is_followed: bool = True
    knows_files: bool = False
    attached_earlier: tuple[UUID, ...] = ()
    started_at: float
    seen: tuple[RunEvent, ...]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run was when the model last decided on tool calls.

    A run that was asked for as a whole still holds back what it has said, and goes on to.
    """

    text: str
    tool_uses: tuple[ToolUse, ...]
    citations: tuple[Citation, ...] = ()
    is_followed: bool = True
    runner: bytes


@dataclass(slots=True, kw_only=True)
class RunInProgress:
    """A run while it is being done: what it has said and called so far."""

    task: Assignment
    run_log: RunLog
    outcome: Outcome
    agent_run: AgentRun
    steps: bytes | None
    is_followed: bool
    was_cut_off: bool
    note_refusal: NoteRefusal
    citing: CitationReader | None = None

    def cite(self, given: Sequence[KnownPassage]) -> None:
        """Read the answer's citations from now on, if anything was given to be cited.

        A model that goes on may have been given something before that is gone by now.
        """
        if given or self.steps or self.task.decided:
            known = self.outcome.citations
            self.citing = CitationReader(given, known, self.run_log.text)

    def end_text(self) -> None:
        """Say what was held back as the possible beginning of a citation."""
        if self.citing:
            self.run_log.add_text(self.citing.rest())
            self._note_citations(self.citing)

    async def follow(self, item: RunProgress) -> bool:
        """Take note of what happened; False if the run is somebody else's by now."""
        match item:
            case TextDelta():
                self._say(item.text)
            case ToolStarted():
                self.end_text()
                self._started(item)
            case ToolFinished():
                await self._finished(item)
            case StepTaken():
                self.end_text()
                return await self._save(item)
            case ApprovalNeeded():
                self.outcome.waiting[item.call_id] = item
            case HandedOver():
                self.outcome.handover = storable(item.reason)
            case _:
                self.outcome.finish(item)
                if item.detail:
                    log.warning("answer degraded", extra=about(self.task.run, detail=item.detail))
        return True

    def _say(self, text: str) -> None:
        if self.citing:
            text = self.citing.read(text)
            self._note_citations(self.citing)
        self.run_log.add_text(text)

    def _note_citations(self, citing: CitationReader) -> None:
        self.outcome.citations = tuple(citing.citations)
        self.outcome.dropped_citations = citing.dropped

    def _started(self, item: ToolStarted) -> None:
        use = begun(item)
        self.outcome.tool_uses[item.call_id] = use
        data = {"call_id": use.call_id, "name": use.name, "arguments": use.arguments}
        self._add_once(TOOL_STARTED, data)

    async def _finished(self, item: ToolFinished) -> None:
        use = ended(self.outcome.tool_uses[item.call_id], item)
        self.outcome.tool_uses[item.call_id] = use
        data = {
            "call_id": use.call_id,
            "name": use.name,
            "status": use.status,
            "duration_ms": use.duration_ms,
        }
        self._add_once(TOOL_FINISHED, data)
        if use.status is ToolUseStatus.DENIED and not self._is_decided(use):
            await self.note_refusal(
                self.agent_run,
                use.name,
                use.arguments,
                call_id=use.call_id,
                reason=use.error or "denied",
            )

    def _is_decided(self, use: ToolUse) -> bool:
        """Tell whether it is the call that was decided about: a person's no is no violation."""
        return self.task.decided is not None and use.call_id == self.task.decided.call_id

    async def _save(self, item: StepTaken) -> bool:
        run = self.task.run
        checkpoint = Checkpoint(
            text=self.run_log.text,
            tool_uses=tuple(self.outcome.tool_uses.values()),
            citations=self.outcome.citations,
            is_followed=self.is_followed,
            runner=item.steps,
        )
        steps = msgspec.msgpack.encode(checkpoint)

        async def save(tx: Transaction) -> bool:
            return await tx.runs.save_steps(run.id, run.lease_token, steps)

        try:
            return await self.run_log.commit(save)
        except (BusyError, UnavailableError) as error:
            log.warning("run steps not stored", extra=about(run, reason=str(error)))
            return True

    def _add_once(self, type_: str, data: Mapping[str, object]) -> None:
        # A run that goes on after a crash makes its last step's calls again; the stream does not.
        for event in self.task.seen:
            if (
                event.type == type_
                and msgspec.json.decode(event.data)["call_id"] == data["call_id"]
            ):
                return
        self.run_log.add(type_, data)


def known_uses(checkpoint: Checkpoint | None, seen: Sequence[RunEvent]) -> dict[str, ToolUse]:
    """Return the calls that an earlier process stored, and those that it has only told of."""
    told: dict[str, ToolUse] = {}
    for event in seen:
        if event.type == TOOL_STARTED:
            start = msgspec.json.decode(event.data)
            told[start["call_id"]] = ToolUse(
                **start, status=ToolUseStatus.ERROR, duration_ms=0, error=INTERRUPTED
            )
        elif event.type == TOOL_FINISHED:
            end = msgspec.json.decode(event.data)
            told[end["call_id"]] = msgspec.structs.replace(
                told[end["call_id"]],
                status=ToolUseStatus(end["status"]),
                duration_ms=end["duration_ms"],
                error=None,
            )
    stored = checkpoint.tool_uses if checkpoint else ()
    return told | {use.call_id: use for use in stored}
