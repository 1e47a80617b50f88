"""The audit."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.queries import ListQuery, Moment
from hexdesk.core.desk import Desk
from hexdesk.core.model.audit import AuditEvent, AuditFilter, Outcome
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right

Action = Annotated[str, Meta(min_length=1, max_length=100, examples=["session.started"])]


class AuditQuery(ListQuery, frozen=True, kw_only=True):
    """Which events."""

    action: Action | UnsetType = UNSET
    actor_id: UUID | UnsetType = UNSET
    target_id: UUID | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    created_from: Moment | UnsetType = UNSET
    created_to: Moment | UnsetType = UNSET


class AuditController(Controller):
    """The audit."""

    path = "/audit-events"
    tags = ["Audit"]

    @get(opt=call(Right.READ_AUDIT, query=AuditQuery))
    async def list_audit_events(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[AuditQuery],
    ) -> Page[AuditEvent]:
        """List what was done and refused, and by whom."""
        return await desk.list_audit_events(who, wanted.filled(AuditFilter), wanted.part())
