"""The part of the storage contract about what is sent to webhooks."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.webhooks import (
    DeliveryAttempt,
    DeliveryFilter,
    DeliveryStatus,
    Receiver,
)
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.example_webhooks import a_delivery
from hexdesk.core.testing.storage_fixtures import StorageFixtures

DEADLINE_SECONDS = 20
FIRST = DeliveryAttempt(at=examples.later(1), status_code=500, error="answered 500")
SECOND = DeliveryAttempt(at=examples.later(2), error="no answer", is_unknown=True)


class DeliveryContract(StorageFixtures):
    """Events on their way to webhooks."""

    @pytest.fixture
    async def webhook(self, ours: Company) -> Integration:
        """Return a webhook of ours."""
        made = examples.an_integration()
        async with ours.transaction() as transaction:
            await transaction.integrations.add(made)
        return made

    async def test_receivers_are_the_webhooks_that_are_switched_on(
        self, ours: Company, theirs: Company, webhook: Integration
    ) -> None:
        greedy = examples.an_integration(config={"url": "https://example.com/all", "events": []})
        others = [
            examples.an_integration(is_active=False),
            examples.an_integration(type="mcp", config={"url": "https://example.com/mcp"}),
        ]
        async with ours.transaction() as transaction:
            for one in (greedy, *others):
                await transaction.integrations.add(one)
        async with ours.transaction() as transaction:
            found = await transaction.deliveries.receivers()
        assert {one.integration_id: one for one in found} == {
            webhook.id: Receiver(integration_id=webhook.id, events=("ticket.created",)),
            greedy.id: Receiver(integration_id=greedy.id),
        }
        async with theirs.transaction() as transaction:
            assert list(await transaction.deliveries.receivers()) == []

    async def test_a_webhook_without_a_word_about_events_receives_all(self, ours: Company) -> None:
        plain = examples.an_integration(config={"url": "https://example.com/hook"})
        async with ours.transaction() as transaction:
            await transaction.integrations.add(plain)
            found = await transaction.deliveries.receivers()
        assert list(found) == [Receiver(integration_id=plain.id)]

    async def test_a_webhook_that_was_just_switched_on_or_off_is_seen_so(
        self, ours: Company, webhook: Integration
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.integrations.update(replace(webhook, is_active=False))
            assert list(await transaction.deliveries.receivers()) == []
            await transaction.integrations.update(webhook)
            assert len(await transaction.deliveries.receivers()) == 1

    async def test_a_webhook_that_is_being_told_is_not_removed_meanwhile(
        self, ours: Company, webhook: Integration
    ) -> None:
        async def remove() -> None:
            async with ours.transaction() as transaction:
                await transaction.integrations.remove(webhook.id)

        async with asyncio.timeout(DEADLINE_SECONDS):
            async with ours.transaction() as transaction:
                [receiver] = await transaction.deliveries.receivers()
                removing = asyncio.create_task(remove())
                await let_others_go_on(transaction)
                made = a_delivery(receiver.integration_id)
                await transaction.deliveries.add(made)
            await removing
        async with ours.transaction() as transaction:
            with pytest.raises(NotFoundError):
                await transaction.deliveries.get(made.id)

    async def test_a_webhook_that_is_being_removed_is_no_receiver(
        self, ours: Company, webhook: Integration
    ) -> None:
        async def look() -> list[Receiver]:
            async with ours.transaction() as transaction:
                return list(await transaction.deliveries.receivers())

        async with asyncio.timeout(DEADLINE_SECONDS):
            async with ours.transaction() as transaction:
                await transaction.integrations.remove(webhook.id)
                looking = asyncio.create_task(look())
                await let_others_go_on(transaction)
            assert await looking == []

    async def test_a_delivery_comes_back_as_it_was_stored(
        self, ours: Company, webhook: Integration
    ) -> None:
        plain = a_delivery(webhook.id)
        full = a_delivery(
            webhook.id,
            status=DeliveryStatus.DELIVERED,
            attempts=2,
            last_status_code=200,
            last_error="answered 500",
            next_attempt_at=None,
            delivered_at=examples.later(3),
            attempt_log=(FIRST, SECOND),
            payload=b"\x00\xff any bytes",
            tries=1,
            task_id=examples.new_id(),
        )
        async with ours.transaction() as transaction:
            await transaction.deliveries.add(plain)
            await transaction.deliveries.add(full)
        async with ours.transaction() as transaction:
            assert await transaction.deliveries.get(plain.id) == plain
            assert await transaction.deliveries.get(full.id) == full

    async def test_an_update_changes_everything_but_what_is_sent_where(
        self, ours: Company, webhook: Integration
    ) -> None:
        before = a_delivery(webhook.id)
        changes = {
            "status": DeliveryStatus.DELIVERY_UNKNOWN,
            "attempts": 2,
            "last_status_code": 500,
            "last_error": "no answer",
            "next_attempt_at": None,
            "delivered_at": examples.later(4),
            "attempt_log": (FIRST, SECOND),
            "tries": 1,
            "task_id": examples.new_id(),
        }
        other = {"payload": b"other", "event_type": "other", "created_at": examples.later(5)}
        async with ours.transaction() as transaction:
            await transaction.deliveries.add(before)
        async with ours.transaction() as transaction:
            await transaction.deliveries.update(replace(before, **changes, **other))
        async with ours.transaction() as transaction:
            assert await transaction.deliveries.get(before.id) == replace(before, **changes)

    async def test_a_locked_delivery_is_waited_for(
        self, ours: Company, webhook: Integration
    ) -> None:
        made = a_delivery(webhook.id)
        async with ours.transaction() as transaction:
            await transaction.deliveries.add(made)

        async def try_once_more() -> None:
            async with ours.transaction() as transaction:
                present = await transaction.deliveries.get(made.id, lock=True)
                await asyncio.sleep(0)
                counted = replace(present, attempts=present.attempts + 1)
                await transaction.deliveries.update(counted)

        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*(try_once_more() for _ in range(5)))
        async with ours.transaction() as transaction:
            assert (await transaction.deliveries.get(made.id)).attempts == 5

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ({}, {"created", "moved"}),
            ({"status": DeliveryStatus.FAILED}, {"moved"}),
            ({"event_type": "ticket.created"}, {"created"}),
            ({"event_type": "ticket.created", "status": DeliveryStatus.FAILED}, set[str]()),
        ],
    )
    async def test_a_list_holds_what_fits_without_what_is_sent(
        self, ours: Company, webhook: Integration, fields: dict[str, Any], found: set[str]
    ) -> None:
        elsewhere = examples.an_integration()
        made = {
            "created": a_delivery(webhook.id),
            "moved": a_delivery(
                webhook.id, event_type="ticket.status_changed", status=DeliveryStatus.FAILED
            ),
            "elsewhere": a_delivery(elsewhere.id),
        }
        async with ours.transaction() as transaction:
            await transaction.integrations.add(elsewhere)
            for one in made.values():
                await transaction.deliveries.add(one)
            wanted = DeliveryFilter(integration_id=webhook.id, **fields)
            page = await transaction.deliveries.page(wanted, examples.ALL)
        assert {one.id: one for one in page.data} == {
            made[name].id: made[name].shown() for name in found
        }

    async def test_a_webhook_takes_its_deliveries_along(
        self, ours: Company, webhook: Integration
    ) -> None:
        made = a_delivery(webhook.id)
        async with ours.transaction() as transaction:
            await transaction.deliveries.add(made)
            await transaction.integrations.remove(webhook.id)
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.deliveries.get(made.id)


async def let_others_go_on(transaction: Transaction) -> None:
    """Do this and that, so that whoever else is at work gets as far as it can."""
    for _ in range(20):
        await transaction.organizations.get()
        await asyncio.sleep(0)
