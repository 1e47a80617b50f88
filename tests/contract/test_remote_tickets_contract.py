"""Tickets in a company's own system are as good as ours, and so is all that stays here."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing.storage_chat_contract import ThreadContract
from hexdesk.core.testing.storage_identity_contract import UserContract
from hexdesk.core.testing.storage_lists_contract import ListContract
from hexdesk.core.testing.storage_once_contract import ToolCallContract
from hexdesk.core.testing.storage_search_contract import TicketSearchContract
from hexdesk.core.testing.storage_tenancy_contract import TenancyContract
from hexdesk.core.testing.storage_tickets_contract import CommentContract, TicketContract
from hexdesk.core.testing.storage_transactions_contract import (
    DirectoryContract,
    TransactionContract,
)
from tests.database import Database
from tests.integration.plugins.remote_tickets.opening import remote_tickets
from tests.integration.plugins.remote_tickets.ticket_server import (
    TicketServer,
    ticket_server,
)


@pytest.fixture(scope="module")
def system() -> Iterator[TicketServer]:
    with ticket_server() as system:
        yield system


class TestRemoteTickets(
    TransactionContract,
    DirectoryContract,
    TenancyContract,
    ListContract,
    UserContract,
    ThreadContract,
    TicketContract,
    TicketSearchContract,
    CommentContract,
    ToolCallContract,
):
    """The parts of the contract in which a ticket occurs."""

    @pytest.fixture
    async def storage(
        self, shared_database: Database, system: TicketServer
    ) -> AsyncGenerator[Storage]:
        async with remote_tickets(shared_database, system.url) as storage:
            yield storage
