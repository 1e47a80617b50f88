"""Calls that a person has decided about: whether they still may be made, at this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hexdesk.core.model.approvals import ApprovedCall, ExactCall, HeldCall
from hexdesk.core.model.chat import Run
from hexdesk.core.policy.approvals import Moment, decided_call_id, why_not
from hexdesk.core.policy.rights import Right, enabled_tools
from hexdesk.core.ports.agents import DecidedCall
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.held_calls import HeldCalls
from hexdesk.core.use_cases.standing import still_here

NOTHING = ExactCall(arguments=b"{}", steps=b"")
Arguments = dict[str, Any]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A decided call, and what the run's capability must name for it to be made."""

    call: DecidedCall
    approved: ApprovedCall | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCalls:
    """Judges decided calls by the state of the moment: an approval never widens a right."""

    held_calls: HeldCalls
    tool_rights: Mapping[str, Right]

    async def of(
        self, tx: Transaction, run: Run, held: HeldCall, *, is_agent_active: bool
    ) -> Judged:
        """Return the call that a run begins with, and whether it is to be made."""
        exact = self.held_calls.open(held)
        call_id = decided_call_id(held.id)
        person = await still_here(tx, run.principal)
        moment = Moment(
            is_agent_active=is_agent_active,
            is_somebody_there=person is not None,
            tools=enabled_tools(person or run.principal, run.settings, self.tool_rights),
            schema_hash=await self._schema_hash(tx, held),
        )
        refusal = why_not(held, exact, moment)
        if refusal and call_id in await tx.tool_calls.of_run(run.id):
            # An earlier process has made it: whatever has changed since does not undo that.
            refusal = None
        call = DecidedCall(
            call_id=call_id,
            name=held.tool,
            arguments=msgspec.json.decode((exact or NOTHING).arguments, type=Arguments),
            refusal=refusal,
            steps=(exact or NOTHING).steps,
        )
        approved = ApprovedCall(call_id=call_id, tool=held.tool, arguments_hash=held.arguments_hash)
        return Judged(call=call, approved=None if refusal else approved)

    async def _schema_hash(self, tx: Transaction, held: HeldCall) -> str | None:
        """Return the hash of the tool's schema; of an attached tool, if it is as it was then."""
        known = self.held_calls.schema_hashes.get(held.tool)
        if known is not None:
            return known
        found = await tx.attached_tools.named((held.tool,))
        is_as_it_was = any(
            one.is_usable and one.tool.accepted_at <= held.created_at for one in found
        )
        return held.schema_hash if is_as_it_was else None
