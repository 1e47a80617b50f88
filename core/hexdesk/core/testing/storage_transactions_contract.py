"""The part of the storage contract about transactions and the directory."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.identity import FoundApiKey, FoundRefreshToken, FoundUser
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures

ALL_TICKETS = TicketFilter()


class OnPurposeError(Exception):
    """The test wants the transaction to fail."""


class TransactionContract(StorageFixtures):
    """All or nothing, and nothing before its time."""

    async def test_what_a_transaction_wrote_stays(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            stored = await transaction.tickets.add(examples.a_ticket(ours.organization.id))
        async with ours.transaction() as transaction:
            assert await transaction.tickets.get(stored.id) == stored

    async def test_a_transaction_sees_what_it_wrote(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            stored = await transaction.tickets.add(examples.a_ticket(ours.organization.id))
            await transaction.tickets.update(replace(stored, title="Logout fails", version=2))
            assert (await transaction.tickets.get(stored.id)).title == "Logout fails"

    async def test_an_error_takes_back_all_that_was_written(self, ours: Company) -> None:
        with suppress(OnPurposeError):
            async with ours.transaction() as transaction:
                await transaction.tickets.add(examples.a_ticket(ours.organization.id))
                await transaction.integrations.add(examples.an_integration())
                await transaction.organizations.update(replace(ours.organization, name="Other"))
                raise OnPurposeError
        async with ours.transaction() as transaction:
            assert (await transaction.tickets.page(ALL_TICKETS, examples.ALL)).total == 0
            assert (await transaction.integrations.page(examples.ALL)).total == 0
            assert await transaction.organizations.get() == ours.organization
            ticket = await transaction.tickets.add(examples.a_ticket(ours.organization.id))
            assert ticket.number == 1

    async def test_a_cancelled_transaction_takes_back_what_it_wrote(self, ours: Company) -> None:
        written = asyncio.Event()

        async def write_and_linger() -> None:
            async with ours.transaction() as transaction:
                await transaction.integrations.add(examples.an_integration())
                written.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write_and_linger())
        async with asyncio.timeout(10):
            await written.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with ours.transaction() as transaction:
            assert (await transaction.integrations.page(examples.ALL)).total == 0

    async def test_nobody_sees_what_is_not_committed(self, ours: Company) -> None:
        written, seen = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            async with ours.transaction() as transaction:
                await transaction.integrations.add(examples.an_integration())
                written.set()
                await seen.wait()

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            await written.wait()
            async with ours.transaction() as transaction:
                assert (await transaction.integrations.page(examples.ALL)).total == 0
            seen.set()
        async with ours.transaction() as transaction:
            assert (await transaction.integrations.page(examples.ALL)).total == 1

    async def test_an_organization_that_is_not_there_is_not_found(self, storage: Storage) -> None:
        nobody = examples.a_member(examples.a_user(examples.new_id()))
        with pytest.raises(NotFoundError):
            async with storage.transaction(nobody) as transaction:
                await transaction.organizations.get()


class DirectoryContract(StorageFixtures):
    """What is found before the organization is known."""

    async def test_a_member_is_found_by_email_in_any_case(
        self, storage: Storage, ours: Company
    ) -> None:
        found = await storage.directory.user_by_email(ours.admin.email.upper())
        assert found == FoundUser(
            user_id=ours.admin.id,
            organization_id=ours.organization.id,
            password_hash="hash of the admin's password",
        )

    async def test_an_unknown_email_finds_nobody(self, storage: Storage) -> None:
        assert await storage.directory.user_by_email("nobody@example.com") is None

    async def test_an_inactive_member_is_not_found_by_email(
        self, storage: Storage, ours: Company
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.users.update(replace(ours.admin, is_active=False))
        assert await storage.directory.user_by_email(ours.admin.email) is None

    async def test_a_refresh_token_is_found_by_hash_even_when_it_is_spent(
        self, storage: Storage, ours: Company
    ) -> None:
        session = examples.a_session(ours.admin.id)
        token = examples.a_refresh_token(session.id)
        async with ours.transaction() as transaction:
            await transaction.sessions.add(session)
            await transaction.refresh_tokens.add(token)
        expected = FoundRefreshToken(
            token_id=token.id, session_id=session.id, organization_id=ours.organization.id
        )
        assert await storage.directory.refresh_token(token.token_hash) == expected
        async with ours.transaction() as transaction:
            await transaction.refresh_tokens.spend(token.id)
        assert await storage.directory.refresh_token(token.token_hash) == expected
        assert await storage.directory.refresh_token(b"another hash") is None

    async def test_an_api_key_is_found_by_hash_until_it_is_removed(
        self, storage: Storage, ours: Company
    ) -> None:
        api_key = examples.an_api_key(ours.admin.id)
        key_hash = api_key.id.bytes * 2
        async with ours.transaction() as transaction:
            await transaction.api_keys.add(api_key, key_hash)
        expected = FoundApiKey(api_key_id=api_key.id, organization_id=ours.organization.id)
        assert await storage.directory.api_key(key_hash) == expected
        async with ours.transaction() as transaction:
            await transaction.api_keys.remove(api_key.id)
        assert await storage.directory.api_key(key_hash) is None

    async def test_runs_with_a_lease_that_is_over_are_found_oldest_first(
        self, storage: Storage, ours: Company, theirs: Company
    ) -> None:
        async def abandon(company: Company, lease: float) -> Conversation:
            made = Conversation.of(company.who)
            until = examples.LONG_AGO + timedelta(seconds=lease)
            made = replace(made, run=replace(made.run, lease_until=until, created_at=until))
            async with company.transaction() as transaction:
                await made.store(transaction)
            return made

        newer, older = await abandon(ours, 60), await abandon(theirs, 0)
        held = Conversation.of(ours.who)
        async with ours.transaction() as transaction:
            await held.store(transaction)
        expected = [
            (older.run.id, theirs.organization.id),
            (newer.run.id, ours.organization.id),
        ]
        found = [tuple(pair) for pair in await storage.backlog.abandoned_runs(10_000)]
        assert [pair for pair in found if pair in expected] == expected
        assert held.run.id not in {run_id for run_id, _ in found}
        assert len(await storage.backlog.abandoned_runs(1)) == 1

    async def test_a_run_that_has_ended_is_not_abandoned(
        self, storage: Storage, ours: Company
    ) -> None:
        made = Conversation.of(ours.who)
        run = replace(made.run, lease_until=examples.LONG_AGO)
        async with ours.transaction() as transaction:
            await replace(made, run=run).store(transaction)
            await transaction.runs.finish(replace(run, status=RunStatus.FAILED))
        found = await storage.backlog.abandoned_runs(10_000)
        assert run.id not in {run_id for run_id, _ in found}

    async def test_a_failed_sign_in_of_nobody_can_be_noted(self, storage: Storage) -> None:
        await storage.directory.note_failed_sign_in(examples.a_failed_sign_in())
