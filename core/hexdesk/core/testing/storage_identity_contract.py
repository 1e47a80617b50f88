"""The part of the storage contract about organizations and members."""

import asyncio
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.agents import AgentOverrides
from hexdesk.core.model.identity import OrganizationSettings, Role
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class OrganizationContract(StorageFixtures):
    """The one organization of a transaction."""

    async def test_an_organization_comes_back_as_it_was_stored(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.organizations.get() == ours.organization

    async def test_an_organization_keeps_its_new_name_and_settings(self, ours: Company) -> None:
        settings = OrganizationSettings(
            default_agent_id=examples.new_id(),
            agent_defaults=AgentOverrides(tone="dry", tools_enabled=("get_ticket",)),
        )
        changed = replace(ours.organization, name="Acme & Sons", settings=settings)
        async with ours.transaction() as transaction:
            await transaction.organizations.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.organizations.get() == changed

    async def test_a_slug_belongs_to_one_organization(
        self, storage: Storage, ours: Company
    ) -> None:
        late = examples.an_organization(slug=ours.organization.slug)
        founder = examples.a_member(examples.a_user(late.id))
        with pytest.raises(ConflictError):
            async with storage.transaction(founder) as transaction:
                await transaction.organizations.add(late)


class UserContract(StorageFixtures):
    """The members."""

    async def test_a_member_comes_back_as_it_was_stored(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.users.get(ours.admin.id) == ours.admin
            password_hash = await transaction.users.password_hash(ours.admin.id)
        assert password_hash == "hash of the admin's password"

    async def test_a_changed_member_keeps_the_password_unless_a_new_one_comes(
        self, ours: Company
    ) -> None:
        changed = replace(ours.admin, full_name=None, role=Role.USER, is_active=False)
        async with ours.transaction() as transaction:
            await transaction.users.update(changed)
            assert await transaction.users.get(changed.id) == changed
            kept = await transaction.users.password_hash(changed.id)
            await transaction.users.update(changed, "new hash")
            assert await transaction.users.password_hash(changed.id) == "new hash"
        assert kept == "hash of the admin's password"

    async def test_an_email_belongs_to_one_member_of_the_installation(
        self, ours: Company, theirs: Company
    ) -> None:
        taken = ours.admin.email.upper()
        for company in (ours, theirs):
            with pytest.raises(ConflictError):
                async with company.transaction() as transaction:
                    late = examples.a_user(company.organization.id, email=taken)
                    await transaction.users.add(late, "hash")
        with pytest.raises(ConflictError):
            async with theirs.transaction() as transaction:
                await transaction.users.update(replace(theirs.admin, email=taken))

    async def test_of_two_that_take_an_email_at_once_one_gets_it(
        self, ours: Company, theirs: Company
    ) -> None:
        email = f"{examples.new_id().hex}@example.com"

        async def take(company: Company) -> None:
            async with company.transaction() as transaction:
                user = examples.a_user(company.organization.id, email=email)
                await transaction.users.add(user, "hash")

        ends = await asyncio.gather(take(ours), take(theirs), return_exceptions=True)
        assert [type(end) for end in ends if end is not None] == [ConflictError]

    async def test_a_removed_member_is_gone_with_its_sessions_and_keys(self, ours: Company) -> None:
        user = examples.a_user(ours.organization.id)
        session, api_key = examples.a_session(user.id), examples.an_api_key(user.id)
        token = examples.a_refresh_token(session.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(user, "hash")
            await transaction.sessions.add(session)
            await transaction.refresh_tokens.add(token)
            await transaction.api_keys.add(api_key, api_key.id.bytes)
            await transaction.users.remove(user.id)
        async with ours.transaction() as transaction:
            assert await transaction.sessions.active_user(session.id) is None
            assert await transaction.refresh_tokens.spend(token.id) is None
            assert await transaction.api_keys.active_owner(api_key.id) is None
            assert (await transaction.api_keys.page(examples.ALL)).total == 0
            assert (await transaction.users.page(examples.ALL)).data == (ours.admin,)

    async def test_what_a_removed_member_made_stays_without_a_name(self, ours: Company) -> None:
        user = examples.a_user(ours.organization.id)
        talk = Conversation.of(examples.a_member(user))
        ticket = examples.a_ticket(ours.organization.id, created_by_id=user.id, assignee_id=user.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(user, "hash")
            await talk.store(transaction)
            await transaction.tickets.add(ticket)
            await transaction.comments.add(examples.a_comment(ticket.id, author_id=user.id))
            await transaction.users.remove(user.id)
        async with ours.transaction() as transaction:
            assert (await transaction.threads.get(talk.thread.id)).user_id is None
            [message] = await transaction.messages.latest(talk.thread.id, 1)
            assert message == replace(talk.message, user_id=None)
            left = await transaction.tickets.get(ticket.id)
            assert (left.created_by_id, left.assignee_id) == (None, None)
            [comment] = (await transaction.comments.page(ticket.id, examples.ALL)).data
            assert comment.author_id is None

    async def test_only_active_admins_count_as_admins(self, ours: Company) -> None:
        second = examples.a_user(ours.organization.id)
        idle = examples.a_user(ours.organization.id, is_active=False)
        colleague = examples.a_user(ours.organization.id, role=Role.USER)
        async with ours.transaction() as transaction:
            for user in (second, idle, colleague):
                await transaction.users.add(user, "hash")
            assert set(await transaction.users.lock_admins()) == {ours.admin.id, second.id}

    async def test_two_who_ask_for_the_admins_wait_for_each_other(self, ours: Company) -> None:
        second = examples.a_user(ours.organization.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(second, "hash")

        async def step_down(user_id: UUID) -> None:
            async with ours.transaction() as transaction:
                if len(await transaction.users.lock_admins()) > 1:
                    await demote(transaction, user_id)

        await asyncio.gather(step_down(ours.admin.id), step_down(second.id))
        async with ours.transaction() as transaction:
            assert len(await transaction.users.lock_admins()) == 1


async def demote(transaction: Transaction, user_id: UUID) -> None:
    """Make an admin a user."""
    user = await transaction.users.get(user_id)
    await transaction.users.update(replace(user, role=Role.USER))
