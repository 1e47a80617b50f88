"""A transaction that fails leaves nothing in the company's system, as far as that can be had."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from msgspec.structs import replace

from hexdesk.core.errors import OutcomeUnknownError, StorageUnavailableError
from hexdesk.core.model.tickets import Ticket
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company, added
from tests.database import Database
from tests.integration.plugins.remote_tickets.looks import listed, read
from tests.integration.plugins.remote_tickets.opening import remote_tickets
from tests.integration.plugins.remote_tickets.ticket_server import TicketServer

CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
"""


class OnPurposeError(Exception):
    """The test wants the transaction to fail."""


async def test_a_ticket_whose_opening_was_not_answered_is_taken_back(
    system: TicketServer, ours: Company
) -> None:
    system.cuts = lambda method: method == "PUT"
    with pytest.raises(OutcomeUnknownError):
        await added(ours, examples.a_ticket(ours.organization.id))
    assert system.of(ours.organization.id) == []
    assert await listed(ours) == ()


async def test_a_ticket_whose_removal_was_not_answered_is_there_again(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.cuts = lambda method: method == "DELETE"
    with pytest.raises(OutcomeUnknownError):
        async with ours.transaction() as transaction:
            await transaction.tickets.remove(ticket.id)
    assert [one["id"] for one in system.of(ours.organization.id)] == [str(ticket.id)]
    assert await listed(ours) == (ticket,)


async def test_a_change_that_was_not_answered_is_seen_if_it_was_heard(
    system: TicketServer, ours: Company, ticket: Ticket
) -> None:
    system.cuts = lambda method: method == "PUT"
    changed = replace(ticket, title="Logout fails", version=2)
    with pytest.raises(OutcomeUnknownError):
        async with ours.transaction() as transaction:
            await transaction.tickets.update(changed)
    assert await read(ours, ticket) == changed


async def test_a_transaction_that_fails_leaves_nothing_over_there(
    system: TicketServer, ours: Company
) -> None:
    kept, dropped = await added(ours, *(examples.a_ticket(ours.organization.id) for _ in range(2)))
    with suppress(OnPurposeError):
        async with ours.transaction() as transaction:
            await transaction.tickets.add(examples.a_ticket(ours.organization.id))
            for version in (2, 3):
                changed = replace(kept, title=f"Version {version}", version=version)
                await transaction.tickets.update(changed)
            await transaction.tickets.remove(dropped.id)
            raise OnPurposeError
    there = {one["id"]: one["title"] for one in system.of(ours.organization.id)}
    assert there == {str(kept.id): kept.title, str(dropped.id): dropped.title}
    assert set(await listed(ours)) == {kept, dropped}


async def test_who_is_cancelled_leaves_nothing_over_there(
    system: TicketServer, shared_database: Database
) -> None:
    async with remote_tickets(shared_database, system.url) as storage:
        ours = await a_company(storage)
        is_added = asyncio.Event()

        async def add_and_wait() -> None:
            async with ours.transaction() as transaction:
                await transaction.tickets.add(examples.a_ticket(ours.organization.id))
                is_added.set()
                await asyncio.Event().wait()

        adding = asyncio.create_task(add_and_wait())
        await is_added.wait()
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
    assert system.of(ours.organization.id) == []


async def test_what_cannot_be_taken_back_stays_over_there_and_is_logged(
    system: TicketServer, ours: Company, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = examples.a_ticket(ours.organization.id)
    with suppress(OnPurposeError):
        async with ours.transaction() as transaction:
            await transaction.tickets.add(ticket)
            system.status = 500
            raise OnPurposeError
    assert [one["id"] for one in system.of(ours.organization.id)] == [str(ticket.id)]
    [record] = [one for one in caplog.records if one.name.startswith("hexdesk_remote_tickets")]
    assert vars(record)["ticket_id"] == str(ticket.id)
    system.status = None
    assert await listed(ours) == ()


async def test_a_commit_that_nobody_confirmed_is_not_taken_back(
    system: TicketServer, ours: Company, shared_database: Database
) -> None:
    superuser = await asyncpg.connect(shared_database.superuser_url)
    with pytest.raises(StorageUnavailableError):
        async with ours.transaction() as transaction:
            await transaction.tickets.add(examples.a_ticket(ours.organization.id))
            await superuser.execute(CUT)
    await superuser.close()
    assert len(system.of(ours.organization.id)) == 1
