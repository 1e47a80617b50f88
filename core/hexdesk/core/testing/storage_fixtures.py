"""What the parts of the storage contract stand on."""

from collections.abc import Awaitable, Callable

import pytest

from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing.companies import Company, Conversation, a_company, a_conversation

MakeOrganization = Callable[[], Awaitable[Company]]


class StorageFixtures:
    """Define a fixture `storage`; everything else is made through it."""

    @pytest.fixture
    def make_organization(self, storage: Storage) -> MakeOrganization:
        """Return what makes a new organization with an admin."""
        return lambda: a_company(storage)

    @pytest.fixture
    async def ours(self, make_organization: MakeOrganization) -> Company:
        """Return an organization."""
        return await make_organization()

    @pytest.fixture
    async def theirs(self, make_organization: MakeOrganization) -> Company:
        """Return another organization of the same installation."""
        return await make_organization()

    @pytest.fixture
    async def conversation(self, ours: Company) -> Conversation:
        """Return a conversation in our organization, with a run at work."""
        return await a_conversation(ours)
