"""A company's ticket system, and a desk that keeps its tickets there."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from hexdesk.core.model.tickets import Ticket
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company, added
from tests.database import Database
from tests.integration.plugins.remote_tickets.opening import remote_tickets
from tests.integration.plugins.remote_tickets.ticket_server import TicketServer, ticket_server


@pytest.fixture(scope="module")
def running_system() -> Iterator[TicketServer]:
    with ticket_server() as system:
        yield system


@pytest.fixture
def system(running_system: TicketServer) -> Iterator[TicketServer]:
    yield running_system
    running_system.recover()


@pytest.fixture
async def storage(shared_database: Database, system: TicketServer) -> AsyncGenerator[Storage]:
    async with remote_tickets(shared_database, system.url, seconds=0.5) as storage:
        yield storage


@pytest.fixture
async def ours(storage: Storage) -> Company:
    return await a_company(storage)


@pytest.fixture
async def ticket(ours: Company) -> Ticket:
    [ticket] = await added(ours, examples.a_ticket(ours.organization.id))
    return ticket
