"""Tickets: opened, found, changed, moved, assigned and removed by whoever may."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hexdesk.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Customer, Member
from hexdesk.core.model.tickets import Priority, Ticket, TicketFilter, TicketStatus
from hexdesk.core.testing.examples import ALL, BY_RANK, new_id
from hexdesk.core.use_cases.tickets import NewTicket, TicketChange
from tests.unit.core.scenes import Scene, customer_of

LOGIN = NewTicket(title="Login fails", description="Since Monday.", tags=("vpn",))


async def found(scene: Scene, who: Member | Customer, **wanted: Any) -> list[int]:
    page = await scene.desk.tickets.list(who, TicketFilter(**wanted), Slice(sort="number"))
    return [ticket.number for ticket in page.data]


@pytest.fixture
async def ticket(scene: Scene, user: Member) -> Ticket:
    return await scene.desk.tickets.create(user, LOGIN)


async def test_a_new_ticket_is_open_and_says_who_opened_it(scene: Scene, user: Member) -> None:
    ticket = await scene.desk.tickets.create(user, LOGIN)
    assert (ticket.title, ticket.description, ticket.tags) == (
        "Login fails", "Since Monday.", ("vpn",),
    )  # fmt: skip
    assert (ticket.status, ticket.priority) == (TicketStatus.OPEN, Priority.NORMAL)
    assert (ticket.category, ticket.assignee_id, ticket.requester_email) == (None, None, None)
    assert (ticket.created_by_id, ticket.source, ticket.thread_id) == (user.user_id, "api", None)
    assert (ticket.version, ticket.resolved_at) == (1, None)
    assert await scene.desk.tickets.get(user, ticket.id) == ticket


async def test_numbers_count_within_each_organization(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    async def opened(who: Member) -> int:
        return (await scene.desk.tickets.create(who, LOGIN)).number

    assert await asyncio.gather(opened(admin), opened(stranger), opened(admin)) == [1, 1, 2]


async def test_a_ticket_is_found_by_its_number_too(
    scene: Scene, admin: Member, ticket: Ticket, stranger: Member
) -> None:
    assert await scene.desk.tickets.get(admin, 1) == ticket
    with pytest.raises(NotFoundError):
        await scene.desk.tickets.get(stranger, 1)


async def test_what_an_agent_opens_says_so_and_belongs_to_the_conversation(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "create_ticket")
    ticket = await scene.desk.tickets.create(run, LOGIN)
    assert (ticket.source, ticket.thread_id) == ("agent", run.thread_id)
    assert ticket.created_by_id == user.user_id


async def test_a_customers_ticket_is_the_customers_own_whatever_the_request_says(
    scene: Scene, admin: Member
) -> None:
    wish = NewTicket(title="Help", requester_email="ceo@example.com")
    customer = customer_of(admin, "cy@example.com")
    ticket = await scene.desk.tickets.create(customer, wish)
    assert (ticket.requester_email, ticket.created_by_id) == ("cy@example.com", None)
    nameless = await scene.desk.tickets.create(customer_of(admin), wish)
    assert nameless.requester_email is None


async def test_customers_see_their_own_tickets_only(scene: Scene, admin: Member) -> None:
    customer = customer_of(admin, "cy@example.com")
    own = await scene.desk.tickets.create(customer, LOGIN)
    other = await scene.desk.tickets.create(admin, LOGIN)
    assert await scene.desk.tickets.get(customer, own.id) == own
    for ref in (other.id, other.number, new_id()):
        with pytest.raises(NotFoundError):
            await scene.desk.tickets.get(customer, ref)
    assert await found(scene, customer) == [own.number]
    assert await found(scene, customer, requester_email="ada@example.com") == [own.number]


async def test_an_unverified_customer_may_only_create(scene: Scene, admin: Member) -> None:
    customer = customer_of(admin)
    ticket = await scene.desk.tickets.create(customer, LOGIN)
    with pytest.raises(ForbiddenError):
        await scene.desk.tickets.get(customer, ticket.id)
    with pytest.raises(ForbiddenError):
        await scene.desk.tickets.list(customer, TicketFilter(), ALL)


async def test_customers_change_nothing_and_get_no_numbers(scene: Scene, admin: Member) -> None:
    customer = customer_of(admin, "cy@example.com")
    ticket = await scene.desk.tickets.create(customer, LOGIN)
    for attempt in (
        scene.desk.tickets.change(customer, ticket.id, TicketChange(title="New")),
        scene.desk.tickets.move(customer, ticket.id, TicketStatus.CLOSED),
        scene.desk.tickets.assign(customer, ticket.id, None),
        scene.desk.tickets.remove(customer, ticket.id),
        scene.desk.tickets.stats(customer),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_a_list_is_filtered_by_each_field(scene: Scene, admin: Member, user: Member) -> None:
    wishes = (
        NewTicket(title="VPN is slow", priority=Priority.HIGH, category="network", tags=("vpn",)),
        NewTicket(title="Printer on fire", description="Use the VPN.", requester_email="a@b.c"),
    )
    for wish in wishes:
        await scene.desk.tickets.create(admin, wish)
        scene.clock.advance(60)
    await scene.desk.tickets.assign(admin, 2, user.user_id)
    await scene.desk.tickets.move(admin, 2, TicketStatus.RESOLVED)
    assert await found(scene, user) == [1, 2]
    assert await found(scene, user, query="vpn") == [1, 2]
    assert await found(scene, user, query="printer vpn") == [2]
    assert await found(scene, user, priority=Priority.HIGH) == [1]
    assert await found(scene, user, category="network") == [1]
    assert await found(scene, user, tag="vpn") == [1]
    assert await found(scene, user, status=TicketStatus.RESOLVED) == [2]
    assert await found(scene, user, assignee_id=user.user_id) == [2]
    assert await found(scene, user, requester_email="A@b.c") == [2]
    later = scene.clock.now() - timedelta(seconds=90)
    assert await found(scene, user, created_from=later) == [2]
    assert await found(scene, user, created_to=later) == [1]


async def test_a_search_comes_by_rank_and_a_wrong_sort_is_refused(
    scene: Scene, admin: Member
) -> None:
    await scene.desk.tickets.create(admin, NewTicket(title="Login", description="vpn"))
    await scene.desk.tickets.create(admin, NewTicket(title="VPN", description="vpn vpn"))
    page = await scene.desk.tickets.list(admin, TicketFilter(query="vpn"), BY_RANK)
    assert [one.number for one in page.data] == [2, 1]
    with pytest.raises(InvalidError):
        await scene.desk.tickets.list(admin, TicketFilter(), Slice(sort="tags"))


async def test_a_change_keeps_what_is_absent_and_counts_the_version(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    scene.clock.advance(1)
    change = TicketChange(priority=Priority.HIGH, description="")
    changed = await scene.desk.tickets.change(user, ticket.id, change)
    assert (changed.title, changed.priority, changed.description) == ("Login fails", "high", "")
    assert (changed.version, changed.updated_at) == (2, scene.clock.now())
    assert changed.created_at == ticket.created_at
    assert await scene.desk.tickets.get(user, ticket.id) == changed


async def test_what_changes_nothing_is_no_new_version(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    desk = scene.desk.tickets
    assert await desk.change(user, ticket.id, TicketChange(title="Login fails")) == ticket
    assert await desk.move(user, ticket.id, TicketStatus.OPEN) == ticket
    assert await desk.assign(user, ticket.id, None) == ticket


async def test_a_stale_version_is_a_conflict(scene: Scene, user: Member, ticket: Ticket) -> None:
    change = TicketChange(title="New")
    await scene.desk.tickets.change(user, ticket.id, change, version=1)
    with pytest.raises(ConflictError, match="is in version 2, not 1: read it again"):
        await scene.desk.tickets.change(user, ticket.id, TicketChange(title="Newer"), version=1)
    assert (await scene.desk.tickets.get(user, ticket.id)).title == "New"


async def test_of_many_changes_at_once_to_one_version_one_is_made(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    changes = [
        scene.desk.tickets.change(user, ticket.id, TicketChange(title=f"New {n}"), version=1)
        for n in range(5)
    ]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(isinstance(one, ConflictError) for one in results) == 4
    assert (await scene.desk.tickets.get(user, ticket.id)).version == 2


async def test_a_ticket_moves_and_a_step_that_is_not_allowed_names_those_that_are(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    moved = await scene.desk.tickets.move(user, ticket.id, TicketStatus.RESOLVED)
    assert (moved.status, moved.resolved_at) == (TicketStatus.RESOLVED, scene.clock.now())
    with pytest.raises(ConflictError) as error:
        await scene.desk.tickets.move(user, ticket.id, TicketStatus.WAITING)
    assert error.value.allowed == ("open", "closed")
    reopened = await scene.desk.tickets.move(user, ticket.id, TicketStatus.OPEN)
    assert (reopened.resolved_at, reopened.version) == (None, 3)


async def test_a_ticket_is_given_to_members_of_the_organization_only(
    scene: Scene, user: Member, ticket: Ticket, stranger: Member
) -> None:
    assigned = await scene.desk.tickets.assign(user, ticket.id, user.user_id)
    assert assigned.assignee_id == user.user_id
    for outsider in (stranger.user_id, new_id()):
        with pytest.raises(InvalidError, match="names no member of the organization") as error:
            await scene.desk.tickets.assign(user, ticket.id, outsider)
        assert error.value.pointer == "/assignee_id"
    assert (await scene.desk.tickets.assign(user, ticket.id, None)).assignee_id is None


async def test_only_an_admin_removes_a_ticket_and_the_audit_knows(
    scene: Scene, admin: Member, user: Member, ticket: Ticket
) -> None:
    with pytest.raises(ForbiddenError):
        await scene.desk.tickets.remove(user, ticket.id)
    assert await scene.desk.tickets.remove(admin, ticket.id) == ticket
    with pytest.raises(NotFoundError):
        await scene.desk.tickets.get(user, ticket.id)
    (event,) = await scene.audited(admin, "ticket.removed")
    assert (event.target_id, event.data) == (ticket.id, {"number": 1})
    assert (await scene.desk.tickets.create(user, LOGIN)).number == 2


async def test_tickets_of_another_organization_do_not_exist(
    scene: Scene, admin: Member, ticket: Ticket, stranger: Member
) -> None:
    assert await found(scene, stranger) == []
    for attempt in (
        scene.desk.tickets.get(stranger, ticket.id),
        scene.desk.tickets.change(stranger, ticket.id, TicketChange(title="Mine")),
        scene.desk.tickets.move(stranger, ticket.id, TicketStatus.CLOSED),
        scene.desk.tickets.assign(stranger, ticket.id, None),
        scene.desk.tickets.remove(stranger, ticket.id),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_the_numbers_name_every_status_and_priority(
    scene: Scene, user: Member, ticket: Ticket
) -> None:
    scene.clock.advance(60)
    await scene.desk.tickets.move(user, ticket.id, TicketStatus.CLOSED)
    stats = await scene.desk.tickets.stats(user)
    assert stats.by_status == {**dict.fromkeys(TicketStatus, 0), TicketStatus.CLOSED: 1}
    assert stats.by_priority == {**dict.fromkeys(Priority, 0), Priority.NORMAL: 1}
    assert (stats.total, stats.unassigned, stats.created_today, stats.resolved_today) == (1,) * 4
    assert stats.average_resolution_seconds == 60
