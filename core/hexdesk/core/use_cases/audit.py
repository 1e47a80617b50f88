"""The audit: writing down what was done and refused, and reading it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.audit import ActorType, AuditEvent, AuditFilter, Outcome
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import AgentRun, Customer, Member, Principal
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Writes down what a principal did, in the transaction that does it."""

    clock: Clock

    async def note(
        self,
        tx: Transaction,
        who: Principal,
        action: str,
        *,
        target: tuple[str, UUID] | None = None,
        outcome: Outcome = Outcome.SUCCESS,
        **data: Any,
    ) -> None:
        """Store an event; `target` is a type and an id."""
        event = self._event(who, action, target, data)
        await tx.audit.add(msgspec.structs.replace(event, outcome=outcome))

    async def note_denial(
        self,
        tx: Transaction,
        who: Principal,
        action: str,
        *,
        target: tuple[str, UUID] | None,
        once_key: str | None,
        **data: Any,
    ) -> bool:
        """Store a denial; False, and nothing stored, if there is one with the key already."""
        event = self._event(who, action, target, data)
        denied = msgspec.structs.replace(event, outcome=Outcome.DENIED)
        return await tx.audit.add(denied, once_key=once_key)

    def _event(
        self, who: Principal, action: str, target: tuple[str, UUID] | None, data: dict[str, Any]
    ) -> AuditEvent:
        actor_type, actor_id, known = _actor(who)
        return AuditEvent(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            actor_type=actor_type,
            actor_id=actor_id,
            action=action,
            target_type=target[0] if target else None,
            target_id=target[1] if target else None,
            outcome=Outcome.SUCCESS,
            ip=who.origin.ip,
            request_id=who.origin.request_id,
            data=known | data,
            created_at=self.clock.now(),
        )


def _actor(who: Principal) -> tuple[ActorType, UUID | None, dict[str, Any]]:
    match who:
        case Member():
            if who.api_key_id:
                return ActorType.API_KEY, who.api_key_id, {"user_id": str(who.user_id)}
            return ActorType.USER, who.user_id, {}
        case Customer():
            return ActorType.CUSTOMER, None, {"customer_id": who.customer_id}
        case AgentRun():
            _, person_id, known = _actor(who.acts_for)
            person = {"acts_for": str(person_id)} if person_id else known
            return ActorType.AGENT, who.agent_id, {"run_id": str(who.run_id), **person}
        case _:
            return ActorType.SYSTEM, None, {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuditEvents:
    """Show what was done and refused."""

    storage: Storage

    async def __call__(self, who: Principal, wanted: AuditFilter, part: Slice) -> Page[AuditEvent]:
        """Return a part of the organization's audit."""
        require(who, Right.READ_AUDIT)
        check_sort(AuditEvent, part.sort)
        async with self.storage.transaction(who) as tx:
            return await tx.audit.page(wanted, part)
