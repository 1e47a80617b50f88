"""Calls whose effect no transaction holds: one that a run repeats is made once at most."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from hexdesk.core.model.principals import AgentRun, Principal
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.ports.tools import ToolAnswer

BEGUN = msgspec.json.encode(
    ToolAnswer(error="this call was begun before, and how it ended is not known: it is not made")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOnce:
    """A call of a run, written down before it is made, and its answer after it."""

    run_id: UUID
    call_id: str

    @classmethod
    def of(cls, who: Principal, call_id: str | None, *, read_only: bool) -> "CallOnce | None":
        """Return the call; None for one that may be made again, or that nobody repeats."""
        if read_only or call_id is None or not isinstance(who, AgentRun):
            return None
        return cls(run_id=who.run_id, call_id=call_id)

    async def begin(self, tx: Transaction, tool: str) -> ToolAnswer | None:
        """Return what was answered before, or None for the one who is to make the call."""
        first = await tx.tool_calls.claim(self.run_id, self.call_id, tool)
        if first is not None:
            return msgspec.json.decode(first, type=ToolAnswer)
        # Whoever comes after a process that died on the way must not make it again.
        await tx.tool_calls.keep(self.run_id, self.call_id, BEGUN)
        return None

    async def keep(self, tx: Transaction, answer: ToolAnswer) -> None:
        """Store the answer for repeats."""
        await tx.tool_calls.keep(self.run_id, self.call_id, msgspec.json.encode(answer))
