"""Comments: what is remarked on tickets."""

from dataclasses import dataclass

import msgspec

from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import AgentRun, Member, Principal, person_behind
from hexdesk.core.model.tickets import AuthorType, Comment, CommentBody
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.tickets import TicketRef, visible_ticket


class NewComment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a comment is made from."""

    body: CommentBody
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddComment:
    """Remark something on a ticket."""

    storage: Storage
    clock: Clock
    outbox: Outbox

    async def __call__(self, who: Principal, ref: TicketRef, wish: NewComment) -> Comment:
        """Return the comment."""
        require(who, Right.CHANGE_TICKETS)
        person = person_behind(who)
        async with self.storage.transaction(who) as tx:
            ticket = await visible_ticket(tx, who, ref)
            comment = Comment(
                id=self.clock.new_id(),
                ticket_id=ticket.id,
                author_id=person.user_id if isinstance(person, Member) else None,
                author_type=AuthorType.AGENT if isinstance(who, AgentRun) else AuthorType.USER,
                body=wish.body,
                internal=wish.internal,
                created_at=self.clock.now(),
            )
            await tx.comments.add(comment)
            # What the staff remark among themselves stays with them.
            if not comment.internal:
                await self.outbox.tell(tx, who, EventType.TICKET_COMMENTED, comment)
        return comment


@dataclass(frozen=True, slots=True, kw_only=True)
class ListComments:
    """Show what was remarked on a ticket; it is for the staff, internal remarks and all."""

    storage: Storage

    async def __call__(self, who: Principal, ref: TicketRef, part: Slice) -> Page[Comment]:
        """Return a part of the comments."""
        require(who, Right.CHANGE_TICKETS)
        check_sort(Comment, part.sort)
        async with self.storage.transaction(who) as tx:
            ticket = await visible_ticket(tx, who, ref)
            return await tx.comments.page(ticket.id, part)
