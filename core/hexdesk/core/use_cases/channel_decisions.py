"""Deciding on approvals from within a channel."""

from dataclasses import dataclass

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.approvals import Decision
from hexdesk.core.model.channels import InboundDecision, Sender
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import Member, System
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.approvals import DecideApproval
from hexdesk.core.use_cases.audit import Auditor

NO_ADMIN = "only an admin whom the channel proves may decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideByChannel:
    """Carries a decision out, if whoever made it is an admin of the organization."""

    storage: Storage
    auditor: Auditor
    decide: DecideApproval

    async def __call__(
        self, who: System, channel: str, decision: InboundDecision, sender: Sender
    ) -> str:
        """Return what became of it; a refusal is audited."""
        member = await self._admin(who, sender)
        if member is None:
            async with self.storage.transaction(who) as tx:
                await self.auditor.note_denial(
                    tx,
                    who,
                    "approval.refused",
                    target=("approval", decision.approval_id),
                    once_key=f"approval.refused:{decision.approval_id}:{sender.external_id}"[:200],
                    channel=channel,
                    sender=sender.external_id,
                    outcome_wanted="approved" if decision.is_approved else "denied",
                )
            return NO_ADMIN
        try:
            made = await self.decide(
                member, decision.approval_id, Decision(approve=decision.is_approved)
            )
        except (ConflictError, NotFoundError) as error:
            return str(error)
        return made.status

    async def _admin(self, who: System, sender: Sender) -> Member | None:
        if not sender.is_verified or not sender.email:
            return None
        found = await self.storage.directory.user_by_email(sender.email)
        if found is None or found.organization_id != who.organization_id:
            return None
        async with self.storage.transaction(who) as tx:
            user = await tx.users.get(found.user_id)
        if not user.is_active or user.role is not Role.ADMIN:
            return None
        return Member(organization_id=who.organization_id, user_id=user.id, role=user.role)
