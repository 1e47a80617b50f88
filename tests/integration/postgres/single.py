"""A storage that has one connection, and little things to do with it."""

from hexdesk.adapters.storage.postgres.pool import PoolSettings
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company

ONE = PoolSettings(min_size=1, max_size=1, acquire_seconds=0.3)


async def integrations_in(company: Company) -> int:
    """Count what is stored, in a transaction of its own."""
    async with company.transaction() as transaction:
        return (await transaction.integrations.page(examples.ALL)).total


async def add_integration(transaction: Transaction) -> None:
    """Store something."""
    await transaction.integrations.add(examples.an_integration())
