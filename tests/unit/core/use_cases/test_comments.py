"""Comments: remarks of the staff and their agents on tickets."""

import pytest

from hexdesk.core.errors import ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.tickets import AuthorType, Ticket
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.comments import NewComment
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene, customer_of

REMARK = NewComment(body="Looking into it.", internal=True)


@pytest.fixture
async def ticket(scene: Scene, user: Member) -> Ticket:
    return await scene.desk.tickets.create(user, NewTicket(title="Login fails"))


async def test_a_members_comment_says_who_wrote_it(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    comment = await scene.desk.tickets.add_comment(user, ticket.number, REMARK)
    assert (comment.ticket_id, comment.body, comment.internal) == (ticket.id, REMARK.body, True)
    assert (comment.author_id, comment.author_type) == (user.user_id, AuthorType.USER)
    page = await scene.desk.tickets.list_comments(user, ticket.id, ALL)
    assert page.data == (comment,)


async def test_an_agents_comment_is_the_agents_on_behalf_of_its_person(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    run = await scene.agent_run(user)
    comment = await scene.desk.tickets.add_comment(run, ticket.id, NewComment(body="Done."))
    assert (comment.author_id, comment.author_type) == (user.user_id, AuthorType.AGENT)
    assert not comment.internal


async def test_the_desks_own_comment_has_no_author(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    desk = System(organization_id=user.organization_id)
    comment = await scene.desk.tickets.add_comment(desk, ticket.id, REMARK)
    assert (comment.author_id, comment.author_type) == (None, AuthorType.USER)


async def test_comments_are_for_the_staff_only(scene: Scene, admin: Member) -> None:
    customer = customer_of(admin, "cy@example.com")
    ticket = await scene.desk.tickets.create(customer, NewTicket(title="Help"))
    for attempt in (
        scene.desk.tickets.add_comment(customer, ticket.id, REMARK),
        scene.desk.tickets.list_comments(customer, ticket.id, ALL),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_the_tickets_of_another_organization_have_no_comments(
    scene: Scene, user: Member, ticket: Ticket, stranger: Member
) -> None:
    await scene.desk.tickets.add_comment(user, ticket.id, REMARK)
    for attempt in (
        scene.desk.tickets.add_comment(stranger, ticket.id, REMARK),
        scene.desk.tickets.list_comments(stranger, ticket.id, ALL),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_comments_are_sorted_by_their_own_fields(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    with pytest.raises(InvalidError):
        await scene.desk.tickets.list_comments(user, ticket.id, Slice(sort="title"))
