"""The part of the storage contract about integrations and the audit."""

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.audit import ActorType, AuditFilter, Outcome
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.storage_fixtures import StorageFixtures

ACTOR, TARGET = examples.new_id(), examples.new_id()


class IntegrationContract(StorageFixtures):
    """The connected systems."""

    async def test_an_integration_comes_back_as_it_was_stored(self, ours: Company) -> None:
        integration = examples.an_integration(config={"url": "u", "nested": {"a": [1, None]}})
        async with ours.transaction() as transaction:
            await transaction.integrations.add(integration)
        async with ours.transaction() as transaction:
            assert await transaction.integrations.get(integration.id) == integration

    async def test_a_changed_integration_is_stored_whole(self, ours: Company) -> None:
        integration = examples.an_integration()
        changed = replace(
            integration,
            name="Pager",
            status=IntegrationStatus.ERROR,
            is_active=False,
            config={},
            last_checked_at=examples.later(5),
            last_error="answered 500",
        )
        async with ours.transaction() as transaction:
            await transaction.integrations.add(integration)
            await transaction.integrations.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.integrations.get(integration.id) == changed

    async def test_inactive_integrations_can_be_left_out(self, ours: Company) -> None:
        active = examples.an_integration()
        idle = examples.an_integration(is_active=False)
        async with ours.transaction() as transaction:
            await transaction.integrations.add(active)
            await transaction.integrations.add(idle)
            assert (await transaction.integrations.page(examples.ALL)).data == (idle, active)
            page = await transaction.integrations.page(examples.ALL, active_only=True)
            assert (page.data, page.total) == ((active,), 1)

    async def test_a_removed_integration_is_gone(self, ours: Company) -> None:
        integration = examples.an_integration()
        async with ours.transaction() as transaction:
            await transaction.integrations.add(integration)
            await transaction.integrations.remove(integration.id)
            with pytest.raises(NotFoundError):
                await transaction.integrations.get(integration.id)


class AuditContract(StorageFixtures):
    """What was done and refused."""

    async def test_an_event_comes_back_as_it_was_stored(self, ours: Company) -> None:
        event = examples.an_audit_event(ours.organization.id)
        empty = replace(
            event,
            id=examples.new_id(),
            actor_type=ActorType.SYSTEM,
            actor_id=None,
            target_type=None,
            target_id=None,
            ip=None,
            request_id=None,
            data={},
        )
        async with ours.transaction() as transaction:
            assert await transaction.audit.add(event)
            assert await transaction.audit.add(empty)
        async with ours.transaction() as transaction:
            page = await transaction.audit.page(AuditFilter(), examples.ALL)
        assert page.data == (empty, event)

    async def test_an_event_with_a_key_is_stored_once(self, ours: Company, theirs: Company) -> None:
        for company in (ours, theirs):
            first, again, other = (
                examples.an_audit_event(company.organization.id) for _ in range(3)
            )
            async with company.transaction() as transaction:
                assert await transaction.audit.add(first, once_key="run:call-1")
                assert await transaction.audit.add(other, once_key="run:call-2")
            async with company.transaction() as transaction:
                assert not await transaction.audit.add(again, once_key="run:call-1")
                page = await transaction.audit.page(AuditFilter(), examples.ALL)
            assert page.data == (other, first)

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (AuditFilter(), {"plain", "other"}),
            (AuditFilter(action="sign_in"), {"other"}),
            (AuditFilter(actor_id=ACTOR), {"other"}),
            (AuditFilter(target_id=TARGET), {"other"}),
            (AuditFilter(outcome=Outcome.DENIED), {"other"}),
            (AuditFilter(created_from=examples.later(10)), {"other"}),
            (AuditFilter(created_to=examples.later(5)), {"plain"}),
            (AuditFilter(actor_id=ACTOR, outcome=Outcome.SUCCESS), set[str]()),
        ],
    )
    async def test_a_filter_finds_the_events_that_fit(
        self, ours: Company, wanted: AuditFilter, found: set[str]
    ) -> None:
        plain = examples.an_audit_event(ours.organization.id, request_id="plain")
        other = examples.an_audit_event(
            ours.organization.id,
            request_id="other",
            action="sign_in",
            actor_id=ACTOR,
            target_id=TARGET,
            outcome=Outcome.DENIED,
            created_at=examples.later(10),
        )
        async with ours.transaction() as transaction:
            await transaction.audit.add(plain)
            await transaction.audit.add(other)
            page = await transaction.audit.page(wanted, examples.ALL)
        assert {event.request_id for event in page.data} == found
        assert page.total == len(found)
