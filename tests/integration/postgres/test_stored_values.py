"""What the database makes of values at the edge of what it can keep."""

import pytest

from hexdesk.core.errors import ConflictError, InvalidError, NotFoundError
from hexdesk.core.model.listing import Slice
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation, a_company


@pytest.fixture
async def company(storage: Storage) -> Company:
    """Return an organization."""
    return await a_company(storage)


@pytest.mark.parametrize("title", ["a\0b", "\ud800"])
async def test_what_postgres_cannot_store_is_a_mistake_of_the_caller(
    company: Company, title: str
) -> None:
    ticket = examples.a_ticket(company.organization.id, title=title)
    integration = examples.an_integration(config={"name": title})
    with pytest.raises(InvalidError, match="cannot be stored"):
        async with company.transaction() as transaction:
            await transaction.tickets.add(ticket)
    with pytest.raises(InvalidError, match="cannot be stored"):
        async with company.transaction() as transaction:
            await transaction.integrations.add(integration)


async def test_numbers_of_any_size_are_stored(company: Company) -> None:
    integration = examples.an_integration(config={"big": 10**40, "small": -(2**63), "half": 0.5})
    async with company.transaction() as transaction:
        await transaction.integrations.add(integration)
        assert await transaction.integrations.get(integration.id) == integration


@pytest.mark.parametrize("number", [10**30, -1, 0])
async def test_a_number_that_no_ticket_can_have_is_not_found(company: Company, number: int) -> None:
    async with company.transaction() as transaction:
        with pytest.raises(NotFoundError):
            await transaction.tickets.get(number)


async def test_an_event_id_beyond_all_events_finds_none(company: Company) -> None:
    talk = Conversation.of(company.who)
    async with company.transaction() as transaction:
        await talk.store(transaction)
        assert (await transaction.event_log.after(talk.run.id, 10**12))[0] == []


async def test_an_agent_that_has_threads_is_not_removed(company: Company) -> None:
    talk = Conversation.of(company.who)
    async with company.transaction() as transaction:
        await talk.store(transaction)
    with pytest.raises(ConflictError, match="still in use"):
        async with company.transaction() as transaction:
            await transaction.agents.remove(talk.agent.id)


async def test_a_list_is_not_sorted_by_what_is_no_field(company: Company) -> None:
    by_search = Slice(sort="search")
    async with company.transaction() as transaction:
        with pytest.raises(InvalidError, match="cannot sort by 'search'"):
            await transaction.integrations.page(by_search)
