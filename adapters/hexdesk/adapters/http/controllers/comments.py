"""Comments on tickets."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tickets import Comment
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.comments import NewComment

NEW_COMMENT = NewComment(body="The certificate has run out.", internal=True)


class CommentsController(Controller):
    """Comments on tickets."""

    path = "/tickets/{ticket_id:uuid}/comments"
    tags = ["Tickets"]

    @get(opt=call(Right.CHANGE_TICKETS, query=ListQuery))
    async def list_comments(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[Comment]:
        """List a ticket's comments, internal ones too."""
        return await desk.tickets.list_comments(who, ticket_id, wanted.part())

    @post(opt=call(Right.CHANGE_TICKETS, once=Once.ANSWER, example=NEW_COMMENT))
    async def add_comment(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        ticket_id: FromPath[UUID],
        data: JSONBody[NewComment],
    ) -> Comment:
        """Comment on a ticket."""
        return await once.tickets.add_comment(who, ticket_id, data)
