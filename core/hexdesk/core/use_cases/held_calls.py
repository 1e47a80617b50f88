"""Held calls: what waits for a person is sealed as it is, and opened when it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from hexdesk.core.model.approvals import ExactCall, HeldCall
from hexdesk.core.model.chat import Run
from hexdesk.core.policy.approvals import canonical, digest
from hexdesk.core.policy.redaction import shown_to_decide
from hexdesk.core.ports.agents import ApprovalNeeded
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.vault import Vault

WAITS_FOR = timedelta(hours=24)
PURPOSE = "approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCalls:
    """Holds calls until a person decides: what is shown is redacted, what is made is exact."""

    clock: Clock
    vault: Vault
    schema_hashes: Mapping[str, str]

    def hold(self, run: Run, needed: ApprovalNeeded, steps: bytes) -> HeldCall:
        """Return the approval that a call of a run waits for; `steps` is how far the run is."""
        exact = ExactCall(arguments=canonical(needed.arguments), steps=steps)
        now = self.clock.now()
        return HeldCall(
            id=self.clock.new_id(),
            thread_id=run.thread_id,
            run_id=run.id,
            agent_id=run.agent_id,
            tool=needed.name,
            arguments=shown_to_decide(needed.arguments),
            arguments_hash=digest(needed.arguments),
            expires_at=now + WAITS_FOR,
            created_at=now,
            call_id=needed.call_id,
            schema_hash=self.schema_hashes.get(needed.name, ""),
            sealed=self.vault.seal(msgspec.msgpack.encode(exact), purpose=PURPOSE),
        )

    def open(self, held: HeldCall) -> ExactCall | None:
        """Return the exact call, or None if no key that is known opens it."""
        try:
            plain = self.vault.open(held.sealed, purpose=PURPOSE)
        except ValueError:
            return None
        return msgspec.msgpack.decode(plain, type=ExactCall)
