"""Approvals: calls of agents that wait for a person."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.once import REPLAYED
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.approvals import Approval, ApprovalFilter, ApprovalStatus, Decision
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.send_message import AnsweredBeforeError

EXAMPLE = Decision(approve=True, note="The customer asked for it by phone.")


class ApprovalQuery(ListQuery, frozen=True, kw_only=True):
    """Which approvals."""

    status: ApprovalStatus | UnsetType = UNSET
    thread_id: UUID | UnsetType = UNSET


class ApprovalsController(Controller):
    """Calls of agents that wait for a person."""

    path = "/approvals"
    tags = ["Approvals"]

    @get(opt=call(Right.READ_APPROVALS, query=ApprovalQuery))
    async def list_approvals(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ApprovalQuery],
    ) -> Page[Approval]:
        """List the calls that wait, or waited, for a person, in the conversations you see."""
        return await desk.people.list_approvals(who, wanted.filled(ApprovalFilter), wanted.part())

    @get("/{approval_id:uuid}", opt=call(Right.READ_APPROVALS))
    async def get_approval(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        approval_id: FromPath[UUID],
    ) -> Approval:
        """Show an approval."""
        return await desk.people.get_approval(who, approval_id)

    @post(
        "/{approval_id:uuid}/decision",
        status_code=200,
        opt=call(
            Right.DECIDE_APPROVALS, once=Once.RUN, also=(409,), example=EXAMPLE, answers=Approval
        ),
    )
    async def decide_approval(
        self,
        request: Request[Member, Any, Any],
        desk: NamedDependency[Desk],
        approval_id: FromPath[UUID],
        data: JSONBody[Decision],
    ) -> Response[Any]:
        """Allow or refuse the exact call that waits, and have the agent go on.

        The agent answers in a new message, by the run `resumed_run_id`. That is null as long as
        the conversation is busy or a person has it: then the run begins later, by itself. Whether
        the call still may be made is judged when the run begins.
        """
        who, exchange = request.user, Exchange.of(request.scope)
        key = exchange.once.key if exchange.once else None
        is_replay = exchange.first is not None
        if not is_replay:
            try:
                approval = await desk.people.decide(who, approval_id, data, key=key)
                return Response(approval, status_code=200)
            except AnsweredBeforeError:
                is_replay = True
        approval = await desk.people.get_approval(who, approval_id)
        return Response(approval, status_code=200, headers={REPLAYED: "true"})
