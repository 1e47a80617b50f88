"""Tool calls as they are shown and kept: what the model asked for, and how it ended."""

from collections.abc import Iterable
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.agents import AgentAction, ToolUse, ToolUseStatus
from hexdesk.core.model.principals import AgentRun, Member
from hexdesk.core.policy.redaction import redacted
from hexdesk.core.policy.storable import storable
from hexdesk.core.ports.agents import ToolFinished, ToolStarted
from hexdesk.core.ports.clock import Clock

INTERRUPTED = "was interrupted"


def begun(item: ToolStarted) -> ToolUse:
    """Return a call of which no end is known."""
    return ToolUse(
        call_id=item.call_id,
        name=storable(item.name),
        arguments=redacted(item.arguments),
        status=ToolUseStatus.ERROR,
        duration_ms=0,
        error=INTERRUPTED,
    )


def ended(use: ToolUse, item: ToolFinished) -> ToolUse:
    """Return the call with its end."""
    return replace(
        use,
        status=item.status,
        duration_ms=item.duration_ms,
        error=None if item.error is None else storable(item.error),
    )


def as_actions(clock: Clock, run: AgentRun, uses: Iterable[ToolUse]) -> tuple[AgentAction, ...]:
    """Return the calls of a run as the agent's own record has them."""
    return tuple(
        AgentAction(
            id=clock.new_id(),
            agent_id=run.agent_id,
            run_id=run.run_id,
            call_id=use.call_id,
            thread_id=run.thread_id,
            task_id=run.task_id,
            user_id=_user_id(run),
            tool=use.name,
            arguments=use.arguments,
            status=use.status,
            error=use.error,
            duration_ms=use.duration_ms,
            created_at=clock.now(),
        )
        for use in uses
    )


def _user_id(run: AgentRun) -> UUID | None:
    person = run.acts_for
    return person.user_id if isinstance(person, Member) else None
