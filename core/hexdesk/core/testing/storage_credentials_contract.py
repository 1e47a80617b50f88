"""The part of the storage contract about sessions and API keys."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.identity import ApiKey, RefreshToken, Session
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class SessionContract(StorageFixtures):
    """The sessions and their refresh tokens."""

    @pytest.fixture
    async def session(self, ours: Company) -> Session:
        """Return a session of our admin."""
        session = examples.a_session(ours.admin.id)
        async with ours.transaction() as transaction:
            await transaction.sessions.add(session)
        return session

    @pytest.fixture
    async def token(self, ours: Company, session: Session) -> RefreshToken:
        """Return a refresh token of the session."""
        token = examples.a_refresh_token(session.id)
        async with ours.transaction() as transaction:
            await transaction.refresh_tokens.add(token)
        return token

    async def test_a_session_names_its_active_member(self, ours: Company, session: Session) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.sessions.active_user(session.id) == ours.admin
            assert await transaction.sessions.active_user(examples.new_id()) is None

    async def test_a_session_of_an_inactive_member_names_nobody(
        self, ours: Company, session: Session
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.users.update(replace(ours.admin, is_active=False))
            assert await transaction.sessions.active_user(session.id) is None

    async def test_an_ended_session_names_nobody_and_its_tokens_are_worth_nothing(
        self, ours: Company, session: Session, token: RefreshToken
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.sessions.end(session.id)
            await transaction.sessions.end(session.id)
        async with ours.transaction() as transaction:
            assert await transaction.sessions.active_user(session.id) is None
            assert await transaction.refresh_tokens.spend(token.id) is None

    async def test_all_sessions_but_one_can_be_ended(self, ours: Company, session: Session) -> None:
        second, colleague = examples.a_session(ours.admin.id), examples.a_user(ours.organization.id)
        others = examples.a_session(colleague.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(colleague, "hash")
            await transaction.sessions.add(second)
            await transaction.sessions.add(others)
            await transaction.sessions.end_all(ours.admin.id, keep=second.id)
            assert await transaction.sessions.active_user(session.id) is None
            assert await transaction.sessions.active_user(second.id) == ours.admin
            await transaction.sessions.end_all(ours.admin.id)
            assert await transaction.sessions.active_user(second.id) is None
            assert await transaction.sessions.active_user(others.id) == colleague

    async def test_an_address_is_known_once_its_member_has_signed_in_from_there(
        self, ours: Company, session: Session
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.sessions.end(session.id)
            is_known = transaction.sessions.is_known_address
            assert await is_known(ours.admin.id, "192.0.2.1")
            assert not await is_known(ours.admin.id, "192.0.2.2")
            assert not await is_known(examples.new_id(), "192.0.2.1")

    async def test_a_refresh_token_is_spent_once(self, ours: Company, token: RefreshToken) -> None:
        async with ours.transaction() as transaction:
            spent = await transaction.refresh_tokens.spend(token.id)
        assert spent is not None
        assert replace(spent, used_at=None) == token
        async with ours.transaction() as transaction:
            assert await transaction.refresh_tokens.spend(token.id) is None
            assert await transaction.refresh_tokens.spend(examples.new_id()) is None

    async def test_of_many_that_spend_a_token_at_once_one_gets_it(
        self, ours: Company, token: RefreshToken
    ) -> None:
        async def spend() -> RefreshToken | None:
            async with ours.transaction() as transaction:
                return await transaction.refresh_tokens.spend(token.id)

        spent = await asyncio.gather(*(spend() for _ in range(5)))
        assert sum(one is not None for one in spent) == 1

    async def test_a_refresh_token_whose_time_is_over_cannot_be_spent(
        self, ours: Company, session: Session
    ) -> None:
        token = examples.a_refresh_token(session.id, expires_at=examples.LONG_AGO)
        async with ours.transaction() as transaction:
            await transaction.refresh_tokens.add(token)
            assert await transaction.refresh_tokens.spend(token.id) is None


class ApiKeyContract(StorageFixtures):
    """The API keys."""

    @pytest.fixture
    async def api_key(self, ours: Company) -> ApiKey:
        """Return a key of our admin."""
        api_key = examples.an_api_key(ours.admin.id, expires_at=examples.FAR_AHEAD)
        async with ours.transaction() as transaction:
            await transaction.api_keys.add(api_key, api_key.id.bytes)
        return api_key

    async def test_an_api_key_comes_back_as_it_was_stored(
        self, ours: Company, api_key: ApiKey
    ) -> None:
        async with ours.transaction() as transaction:
            assert (await transaction.api_keys.page(examples.ALL)).data == (api_key,)

    async def test_an_api_key_names_its_owner_and_notes_that_it_was_used(
        self, ours: Company, api_key: ApiKey
    ) -> None:
        async with ours.transaction() as transaction:
            found = await transaction.api_keys.active_owner(api_key.id)
        assert found is not None
        assert (found[0].id, found[1]) == (api_key.id, ours.admin)
        async with ours.transaction() as transaction:
            [used] = (await transaction.api_keys.page(examples.ALL)).data
        assert used.last_used_at is not None
        async with ours.transaction() as transaction:
            await transaction.api_keys.active_owner(api_key.id)
            assert (await transaction.api_keys.page(examples.ALL)).data == (used,)

    async def test_an_api_key_whose_time_is_over_names_nobody(self, ours: Company) -> None:
        old = examples.an_api_key(ours.admin.id, expires_at=examples.LONG_AGO)
        async with ours.transaction() as transaction:
            await transaction.api_keys.add(old, old.id.bytes)
            assert await transaction.api_keys.active_owner(old.id) is None

    async def test_an_api_key_of_an_inactive_member_names_nobody(
        self, ours: Company, api_key: ApiKey
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.users.update(replace(ours.admin, is_active=False))
            assert await transaction.api_keys.active_owner(api_key.id) is None

    async def test_a_removed_api_key_is_returned_once_and_names_nobody(
        self, ours: Company, api_key: ApiKey
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.api_keys.remove(api_key.id) == api_key
            assert await transaction.api_keys.active_owner(api_key.id) is None
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.api_keys.remove(api_key.id)
