"""The part of the storage contract about channels."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.channels import InboundDecision
from hexdesk.core.model.conversations import FoundConnection, InboundStatus
from hexdesk.core.model.integrations import Integration
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.channel_examples import (
    ANN,
    CHANNEL,
    Correspondence,
    a_connection,
    an_inbound,
)
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures

DEADLINE_SECONDS = 20


class ChannelFixtures(StorageFixtures):
    """An integration that is a channel's connection."""

    @pytest.fixture
    async def integration(self, ours: Company) -> Integration:
        """Return an integration that could be one."""
        made = examples.an_integration(type=CHANNEL)
        async with ours.transaction() as transaction:
            await transaction.integrations.add(made)
        return made

    @pytest.fixture
    async def talk(
        self, ours: Company, integration: Integration, conversation: Conversation
    ) -> Correspondence:
        """Return a connection with a conversation on it."""
        made = Correspondence.of(integration.id, conversation.thread.id)
        async with ours.transaction() as transaction:
            await made.store(transaction)
        return made


class ChannelConnectionContract(ChannelFixtures):
    """Connections, how they are found, and who listens on them."""

    async def test_a_connection_is_found_by_id_and_by_account(
        self, storage: Storage, ours: Company, integration: Integration
    ) -> None:
        kept = a_connection(integration.id)
        async with ours.transaction() as transaction:
            await transaction.channel_connections.add(kept)
            assert await transaction.channel_connections.get(integration.id) == kept
        found = FoundConnection(
            integration_id=integration.id, organization_id=ours.organization.id, channel=CHANNEL
        )
        assert await storage.directory.connection(integration.id) == found
        assert await storage.directory.connection_of(CHANNEL, kept.account or "") == found
        assert await storage.directory.connection_of("other", kept.account or "") is None
        assert await storage.directory.connection_of(CHANNEL, "nobody") is None

    async def test_what_is_no_connection_or_switched_off_is_not_found(
        self, storage: Storage, ours: Company, talk: Correspondence, integration: Integration
    ) -> None:
        other = examples.an_integration()
        async with ours.transaction() as transaction:
            await transaction.integrations.add(other)
            await transaction.integrations.update(replace(integration, is_active=False))
        assert await storage.directory.connection(other.id) is None
        assert await storage.directory.connection(integration.id) is None
        account = talk.connection.account or ""
        assert await storage.directory.connection_of(CHANNEL, account) is None
        found = await storage.backlog.idle_connections([CHANNEL], 10_000)
        assert integration.id not in {key for key, _ in found}

    async def test_of_an_account_there_is_one_connection_in_the_installation(
        self, ours: Company, theirs: Company, talk: Correspondence
    ) -> None:
        account = talk.connection.account
        for company in (ours, theirs):
            second = examples.an_integration(type=CHANNEL)
            with pytest.raises(ConflictError, match="connected already"):
                async with company.transaction() as transaction:
                    await transaction.integrations.add(second)
                    taking = a_connection(second.id, account=account)
                    await transaction.channel_connections.add(taking)

    async def test_an_account_that_was_left_can_be_connected(
        self, ours: Company, theirs: Company, talk: Correspondence, integration: Integration
    ) -> None:
        account = talk.connection.account
        second, third = (examples.an_integration(type=CHANNEL) for _ in range(2))
        async with ours.transaction() as transaction:
            await transaction.channel_connections.change_account(integration.id, "another account")
            await transaction.channel_connections.change_account(integration.id, None)
        async with theirs.transaction() as transaction:
            for one in (second, third):
                await transaction.integrations.add(one)
            await transaction.channel_connections.add(a_connection(second.id, account=account))
            await transaction.channel_connections.add(a_connection(third.id, account=None))
        with pytest.raises(ConflictError, match="connected already"):
            async with ours.transaction() as transaction:
                await transaction.channel_connections.change_account(integration.id, account)

    async def test_one_listens_at_a_time(
        self, storage: Storage, ours: Company, integration: Integration, talk: Correspondence
    ) -> None:
        one, other = examples.new_id(), examples.new_id()
        until = examples.FAR_AHEAD
        pair = (integration.id, ours.organization.id)
        assert pair in [tuple(it) for it in await self._idle(storage)]
        async with ours.transaction() as transaction:
            connections = transaction.channel_connections
            assert await connections.hold(integration.id, one, until)
            assert not await connections.hold(integration.id, other, until)
            assert await connections.hold(integration.id, one, until)
            await connections.let_go(integration.id, other)
            assert not await connections.hold(integration.id, other, until)
        assert pair not in [tuple(it) for it in await self._idle(storage)]
        async with ours.transaction() as transaction:
            await transaction.channel_connections.let_go(integration.id, one)
            assert await transaction.channel_connections.hold(
                integration.id, other, examples.LONG_AGO
            )
        assert pair in [tuple(it) for it in await self._idle(storage)]
        assert await storage.backlog.idle_connections(["other"], 10_000) == []

    async def test_a_lease_that_is_over_is_anybodys(
        self, ours: Company, integration: Integration, talk: Correspondence
    ) -> None:
        one, other = examples.new_id(), examples.new_id()
        async with ours.transaction() as transaction:
            connections = transaction.channel_connections
            assert await connections.hold(integration.id, one, examples.LONG_AGO)
            assert await connections.hold(integration.id, other, examples.FAR_AHEAD)

    async def _idle(self, storage: Storage) -> list[Any]:
        return list(await storage.backlog.idle_connections([CHANNEL], 10_000))


class InboundRecordContract(ChannelFixtures):
    """What came."""

    async def test_what_came_is_kept_as_it_was_read(
        self, ours: Company, integration: Integration
    ) -> None:
        message = an_inbound(integration.id)
        decision = an_inbound(
            integration.id,
            content=InboundDecision(
                dedupe_key="d", approval_id=examples.new_id(), is_approved=True, sender=ANN
            ),
        )
        async with ours.transaction() as transaction:
            for one in (message, decision):
                assert await transaction.inbounds.add(one)
                assert await transaction.inbounds.get(one.id) == one

    async def test_what_comes_twice_is_kept_once(
        self, ours: Company, integration: Integration
    ) -> None:
        first = an_inbound(integration.id)
        again = an_inbound(integration.id, dedupe_key=first.dedupe_key, note="another")

        async def add(one: Any) -> bool:
            async with ours.transaction() as transaction:
                return await transaction.inbounds.add(one)

        async with asyncio.timeout(DEADLINE_SECONDS):
            added = await asyncio.gather(add(first), add(again))
        assert sorted(added) == [False, True]

    async def test_another_connection_may_bring_the_same(
        self, ours: Company, integration: Integration
    ) -> None:
        other = examples.an_integration(type=CHANNEL)
        first = an_inbound(integration.id)
        async with ours.transaction() as transaction:
            await transaction.integrations.add(other)
            assert await transaction.inbounds.add(first)
            same = an_inbound(other.id, dedupe_key=first.dedupe_key)
            assert await transaction.inbounds.add(same)

    async def test_an_update_tells_what_became_of_it(
        self, ours: Company, integration: Integration, conversation: Conversation
    ) -> None:
        before = an_inbound(integration.id)
        changes = {
            "status": InboundStatus.DONE,
            "note": "no person wrote it",
            "thread_id": conversation.thread.id,
            "message_id": conversation.message.id,
        }
        async with ours.transaction() as transaction:
            await transaction.inbounds.add(before)
            await transaction.inbounds.update(replace(before, **changes, order_key="other"))
            assert await transaction.inbounds.get(before.id, lock=True) == replace(
                before, **changes
            )

    async def test_what_came_first_is_first_until_it_is_done(
        self, ours: Company, integration: Integration
    ) -> None:
        first = an_inbound(integration.id)
        second = an_inbound(integration.id, created_at=examples.later(1))
        aside = an_inbound(integration.id, created_at=examples.later(2), order_key="aside")
        async with ours.transaction() as transaction:
            for one in (second, first, aside):
                await transaction.inbounds.add(one)
            firsts = [await transaction.inbounds.is_first(one) for one in (first, second, aside)]
            assert firsts == [True, False, True]
            await transaction.inbounds.update(replace(first, status=InboundStatus.FAILED))
            assert await transaction.inbounds.is_first(second)
