"""What only a real full-text search can show."""

from datetime import timedelta

import asyncpg
import pytest
from msgspec import UNSET

from hexdesk.core.model.listing import Slice
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import NOON, examples
from hexdesk.core.testing.companies import Company, a_company, added
from tests.database import Database

MANY_TICKETS = """
    INSERT INTO tickets (
        organization_id, id, number, title, description, status, priority, tags, source, version,
        created_at, updated_at
    )
    SELECT $1, gen_random_uuid(), 1000 + n, 'Printer ' || n, '', 'open', 'normal', '{}', 'api', 1,
        timestamptz '2026-01-01 12:00+00' + n * interval '1 second', now()
    FROM generate_series(1, $2) AS n
"""
BY_RANK = examples.BY_RANK


@pytest.fixture
async def company(storage: Storage) -> Company:
    """Return an organization."""
    return await a_company(storage)


async def add_many(database: Database, company: Company, count: int) -> None:
    """Store many tickets at once, about printers, one second after the other."""
    superuser = await asyncpg.connect(database.superuser_url)
    await superuser.execute(MANY_TICKETS, company.organization.id, count)
    await superuser.close()


@pytest.mark.parametrize("query", ["printer", None])
async def test_a_total_is_exact_up_to_ten_thousand(
    database: Database, company: Company, query: str | None
) -> None:
    await add_many(database, company, 10_000)
    wanted, part = TicketFilter(query=query), Slice(limit=3, sort=None)
    async with company.transaction() as transaction:
        page = await transaction.tickets.page(wanted, part)
        assert (len(page.data), page.total, page.total_is_exact) == (3, 10_000, UNSET)
        last = await transaction.tickets.page(wanted, Slice(offset=9_999, sort=None))
        assert (len(last.data), last.total, last.total_is_exact) == (1, 10_000, UNSET)
        beyond = await transaction.tickets.page(wanted, Slice(offset=10_000, sort=None))
        assert (len(beyond.data), beyond.total, beyond.total_is_exact) == (0, 10_000, UNSET)
    await added(company, examples.a_ticket(company.organization.id, title="One more printer"))
    async with company.transaction() as transaction:
        page = await transaction.tickets.page(wanted, part)
        assert (len(page.data), page.total, page.total_is_exact) == (3, 10_000, False)


async def test_the_newest_thousand_are_ranked_and_the_rest_follow(
    database: Database, company: Company
) -> None:
    title = "Printer printer printer"
    [old] = await added(company, examples.a_ticket(company.organization.id, title=title))
    await add_many(database, company, 1_000)
    wanted = TicketFilter(query="printer")
    async with company.transaction() as transaction:
        first = await transaction.tickets.page(wanted, BY_RANK)
        assert (first.data[0].number, first.total) == (2_000, 1_001)
        last = await transaction.tickets.page(wanted, Slice(offset=1_000, sort=None))
        assert [ticket.number for ticket in last.data] == [1]
        one_less = NOON + timedelta(seconds=999)
        thousand = TicketFilter(query="printer", created_to=one_less)
        ranked = await transaction.tickets.page(thousand, BY_RANK)
        assert ranked.data[0] == old


async def test_a_title_counts_more_than_a_description_and_a_remark_adds_to_both(
    company: Company,
) -> None:
    organization = company.organization.id
    title, description, remark = await added(
        company,
        examples.a_ticket(organization, title="Printer"),
        examples.a_ticket(organization, description="The printer."),
        examples.a_ticket(organization, description="The printer."),
    )
    async with company.transaction() as transaction:
        await transaction.comments.add(examples.a_comment(remark.id, body="What a printer!"))
        page = await transaction.tickets.page(TicketFilter(query="printer"), BY_RANK)
    assert page.data == (title, remark, description)


@pytest.mark.parametrize(
    "query", ["'", '"', "a & | ! <->", "(", "printer:*", "\\", "-", "or", "the", "a" * 3000]
)
async def test_any_text_can_be_asked_for(company: Company, query: str) -> None:
    async with company.transaction() as transaction:
        page = await transaction.tickets.page(TicketFilter(query=query), BY_RANK)
    assert page.total == 0


async def test_internal_remarks_lead_no_customer_to_a_ticket(company: Company) -> None:
    mail = "Cara@example.com"
    [ticket] = await added(
        company, examples.a_ticket(company.organization.id, requester_email=mail)
    )
    async with company.transaction() as transaction:
        secret = examples.a_comment(ticket.id, body="Looks like fraud.", internal=True)
        await transaction.comments.add(secret)
        await transaction.comments.add(examples.a_comment(ticket.id, body="Send a receipt."))
        page, found = transaction.tickets.page, (ticket,)
        assert (await page(TicketFilter(query="fraud"), BY_RANK)).data == found
        for sort in (None, "-created_at"):
            for query, expected in (("fraud", ()), ("receipt", found)):
                customers = TicketFilter(query=query, requester_email=mail.lower())
                assert (await page(customers, Slice(sort=sort))).data == expected
