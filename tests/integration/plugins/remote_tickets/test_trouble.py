"""What becomes of tickets when the company's system is changed, wrong, slow or gone."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    ConflictError,
    DeskError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)
from hexdesk.core.model.tickets import Ticket, TicketFilter, TicketStatus
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company, added
from tests.database import Database
from tests.integration.plugins.remote_tickets.looks import listed, read
from tests.integration.plugins.remote_tickets.opening import backend_with, remote_tickets
from tests.integration.plugins.remote_tickets.ticket_server import TicketServer


async def change(company: Company, ticket: Ticket, **changes: Any) -> None:
    async with company.transaction() as transaction:
        changed = replace(ticket, version=ticket.version + 1, **changes)
        await transaction.tickets.update(changed)


async def test_a_ticket_is_over_there_once_it_is_here(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    [there] = system.of(ours.organization.id)
    assert (there["id"], there["number"], there["title"]) == (str(ticket.id), 1, ticket.title)
    await change(ours, ticket, title="Logout fails")
    assert system.of(ours.organization.id)[0]["title"] == "Logout fails"
    async with ours.transaction() as transaction:
        await transaction.tickets.remove(ticket.id)
    assert system.of(ours.organization.id) == []


async def test_what_is_changed_over_there_is_seen_here_and_is_a_version_of_its_own(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    at = examples.later(5)
    system.change(ticket.id, status="resolved", updated_at=str(at), resolved_at=str(at))
    expected = replace(
        ticket, status=TicketStatus.RESOLVED, version=2, updated_at=at, resolved_at=at
    )
    assert await read(ours, ticket) == expected
    assert await read(ours, ticket) == expected
    async with ours.transaction() as transaction:
        stats = await transaction.tickets.stats(examples.NOON)
    assert stats.by_status[TicketStatus.RESOLVED] == 1


async def test_a_list_shows_what_is_said_over_there_and_leaves_out_what_fits_no_more(
    system: TicketServer, ours: Company
) -> None:
    tickets = await added(ours, *(examples.a_ticket(ours.organization.id) for _ in range(3)))
    system.change(tickets[0].id, title="Renamed")
    system.change(tickets[1].id, status="waiting")
    system.remove(tickets[2].id)
    found = await listed(ours, TicketFilter(status=TicketStatus.OPEN))
    assert [(one.id, one.title) for one in found] == [(tickets[0].id, "Renamed")]
    assert {one.id for one in await listed(ours)} == {tickets[0].id, tickets[1].id}
    async with ours.transaction() as transaction:
        with pytest.raises(NotFoundError):
            await transaction.tickets.get(tickets[2].number)


async def test_what_was_found_by_its_words_is_found_by_its_new_words_once_it_was_seen(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.change(ticket.id, title="Printer on fire")
    await read(ours, ticket)
    assert [one.id for one in await listed(ours, TicketFilter(query="printer"))] == [ticket.id]


async def test_a_ticket_that_was_removed_over_there_is_not_found(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.remove(ticket.id)
    with pytest.raises(NotFoundError):
        await read(ours, ticket)


async def test_a_system_that_knows_nothing_of_our_tickets_does_not_empty_the_desk(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.lose(ticket.id)
    for look in (read(ours, ticket), listed(ours)):
        with pytest.raises(UnavailableError, match="does not know ticket"):
            await look
    async with ours.transaction() as transaction:
        assert (await transaction.tickets.stats(examples.NOON)).total == 1


async def test_a_ticket_changed_over_there_since_it_was_read_is_not_overwritten(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    async with ours.transaction() as transaction:
        seen = await transaction.tickets.get(ticket.id, lock=True)
        system.change(ticket.id, title="Theirs")
        with pytest.raises(ConflictError):
            await transaction.tickets.update(replace(seen, title="Ours", version=2))
    # Also without having read it in the same transaction.
    with pytest.raises(ConflictError):
        await change(ours, ticket, title="Ours")
    assert (await read(ours, ticket)).title == "Theirs"


async def test_another_companys_ticket_is_not_shown_even_if_the_system_mixes_them_up(
    system: TicketServer, storage: Storage, ours: Company, ticket: Ticket
) -> None:
    theirs = await a_company(storage)
    with pytest.raises(NotFoundError):
        await read(theirs, ticket)
    assert await listed(theirs) == ()
    system.change(ticket.id, organization_id=str(theirs.organization.id))
    with pytest.raises(UnavailableError):
        await read(ours, ticket)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (409, ConflictError),
        (412, ConflictError),
        (422, InvalidError),
        (401, UnavailableError),
        (302, UnavailableError),
        (429, UnavailableError),
        (500, UnavailableError),
    ],
)
async def test_what_the_system_refuses_is_not_stored_here_either(
    system: TicketServer, ours: Company, ticket: Ticket, status: int, error: type[DeskError]
) -> None:
    system.status = status
    with pytest.raises(error):
        await added(ours, examples.a_ticket(ours.organization.id))
    system.status = None
    assert await listed(ours) == (ticket,)
    [second] = await added(ours, examples.a_ticket(ours.organization.id))
    assert second.number == 2


async def test_a_system_that_cannot_be_reached_takes_tickets_away_and_nothing_else(
    shared_database: Database, storage: Storage, ours: Company, ticket: Ticket
) -> None:
    async with remote_tickets(shared_database, "http://127.0.0.1:1") as unreachable:
        company = Company(
            storage=unreachable, organization=ours.organization, admin=ours.admin, who=ours.who
        )
        for attempt in (
            read(company, ticket),
            listed(company),
            change(company, ticket, title="New"),
            added(company, examples.a_ticket(ours.organization.id)),
        ):
            with pytest.raises(UnavailableError, match="cannot be reached"):
                await attempt
        async with company.transaction() as transaction:
            assert await transaction.users.get(ours.admin.id) == ours.admin


async def test_a_system_that_is_slow_is_not_waited_for(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.is_hanging = True
    with pytest.raises(UnavailableError, match="did not answer"):
        await read(ours, ticket)
    with pytest.raises(OutcomeUnknownError, match="did not answer"):
        await added(ours, examples.a_ticket(ours.organization.id))
    system.recover()
    assert await read(ours, ticket) == ticket


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"status": "on fire"}, {"updated_at": "yesterday"}, {"title": "a\0b"}],
    ids=str,
)
async def test_what_is_no_ticket_is_not_shown_as_one(
    system: TicketServer, ours: Company, ticket: Ticket, changes: dict[str, Any]
) -> None:
    system.change(ticket.id, **changes)
    with pytest.raises(UnavailableError):
        await read(ours, ticket)


async def test_an_operator_is_told_that_the_address_is_missing(shared_database: Database) -> None:
    url = f"tickets+{shared_database.url}"
    problem = await backend_with().problem(url)
    assert problem is not None
    assert "HEXDESK_REMOTE_TICKETS_URL is not set" in problem
    assert await backend_with(url="http://127.0.0.1:1").problem(url) is None
    assert await backend_with().upgrade(f"tickets+{shared_database.owner_url}")
