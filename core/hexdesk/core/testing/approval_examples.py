"""Approvals for tests."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from hexdesk.core.model.approvals import HeldCall
from hexdesk.core.model.chat import Run
from hexdesk.core.policy.approvals import digest
from hexdesk.core.testing.examples import NOON, new_id


def a_held_call(run: Run, **changes: Any) -> HeldCall:
    """Return a call of a run that waits for a person, far longer than tests take."""
    arguments = {"ticket_id": 1}
    made = HeldCall(
        id=new_id(),
        thread_id=run.thread_id,
        run_id=run.id,
        agent_id=run.agent_id,
        tool="delete_ticket",
        arguments=arguments,
        arguments_hash=digest(arguments),
        expires_at=NOON + timedelta(days=36_500),
        created_at=NOON,
        call_id="call-1",
        schema_hash="0" * 64,
        sealed=b"\x00sealed",
    )
    return replace(made, **changes)
