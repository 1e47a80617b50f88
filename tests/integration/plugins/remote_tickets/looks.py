"""What a company sees of its tickets, each look in a transaction of its own."""

from hexdesk.core.model.tickets import Ticket, TicketFilter
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company

ALL_TICKETS = TicketFilter()


async def read(company: Company, ticket: Ticket) -> Ticket:
    async with company.transaction() as transaction:
        return await transaction.tickets.get(ticket.id)


async def listed(company: Company, wanted: TicketFilter = ALL_TICKETS) -> tuple[Ticket, ...]:
    async with company.transaction() as transaction:
        return tuple((await transaction.tickets.page(wanted, examples.ALL)).data)
