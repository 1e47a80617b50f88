"""The part of the storage contract about what is not kept for ever."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.model.chat import Run, RunStatus
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.identity import Session
from hexdesk.core.model.webhooks import DeliveryFilter, DeliveryStatus
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.example_webhooks import a_delivery
from hexdesk.core.testing.storage_fixtures import StorageFixtures

# Older than anything that other tests leave in the same storage.
SINCE = examples.LONG_AGO.replace(year=1990)
BEFORE = SINCE - timedelta(seconds=1)
# Storage itself says when a call was claimed: for these tests, all that was is old.
SINCE_FOR_CALLS = examples.FAR_AHEAD
KEPT_SINCE = KeptSince(
    events=SINCE, answers=SINCE, refresh_tokens=SINCE, tool_calls=SINCE_FOR_CALLS, deliveries=SINCE
)
HOME, OFFICE = "192.0.2.10", "192.0.2.20"


class ExpiryContract(StorageFixtures):
    """Forgetting: what is old enough goes, all else stays."""

    async def test_the_events_of_an_old_run_are_forgotten_and_the_run_is_not(
        self, ours: Company
    ) -> None:
        run = await a_run_that_ended(ours, BEFORE)
        async with ours.transaction() as transaction:
            assert await transaction.event_log.forget(SINCE) == 1
        async with ours.transaction() as transaction:
            assert await transaction.event_log.after(run.id, 0) == ([], RunStatus.COMPLETED)
            assert (await transaction.runs.get(run.id)).status is RunStatus.COMPLETED
            assert await transaction.event_log.forget(SINCE) == 0

    async def test_the_events_of_a_run_that_is_still_running_are_kept(self, ours: Company) -> None:
        # Whoever takes it over goes on from them.
        run = await a_run(ours, BEFORE)
        async with ours.transaction() as transaction:
            assert await transaction.event_log.forget(SINCE) == 0
            assert len((await transaction.event_log.after(run.id, 0))[0]) == 2

    async def test_the_events_of_a_run_that_is_young_enough_are_kept(self, ours: Company) -> None:
        run = await a_run_that_ended(ours, SINCE)
        async with ours.transaction() as transaction:
            assert await transaction.event_log.forget(SINCE) == 0
            assert len((await transaction.event_log.after(run.id, 0))[0]) == 2

    async def test_old_answers_are_forgotten(self, ours: Company) -> None:
        old, young = examples.an_idempotency_key(), examples.an_idempotency_key(key="another")
        async with ours.transaction() as transaction:
            keys = transaction.idempotency_keys
            await keys.keep(old, examples.a_kept_answer(created_at=BEFORE), BEFORE)
            await keys.keep(young, examples.a_kept_answer(created_at=SINCE), BEFORE)
            assert await keys.forget(SINCE) == 1
        async with ours.transaction() as transaction:
            assert await transaction.idempotency_keys.find(old, BEFORE) is None
            assert await transaction.idempotency_keys.find(young, BEFORE) is not None
            assert await transaction.idempotency_keys.forget(SINCE) == 0

    async def test_old_refresh_tokens_are_forgotten_with_their_session(
        self, storage: Storage, ours: Company
    ) -> None:
        session, token_hash = await a_session(ours, ip=None, expires_at=BEFORE)
        async with ours.transaction() as transaction:
            assert await transaction.refresh_tokens.forget(SINCE) == 1
        assert await storage.directory.refresh_token(token_hash) is None
        async with ours.transaction() as transaction:
            assert await transaction.sessions.active_user(session.id) is None
            assert await transaction.refresh_tokens.forget(SINCE) == 0

    async def test_a_session_stays_as_long_as_one_of_its_refresh_tokens(
        self, storage: Storage, ours: Company
    ) -> None:
        session, _ = await a_session(ours, ip=None, expires_at=BEFORE)
        young = examples.a_refresh_token(session.id, expires_at=SINCE)
        async with ours.transaction() as transaction:
            await transaction.refresh_tokens.add(young)
            assert await transaction.refresh_tokens.forget(SINCE) == 1
            assert await transaction.sessions.active_user(session.id) == ours.admin
        assert await storage.directory.refresh_token(young.token_hash) is not None

    async def test_an_address_stays_known_by_the_newest_session_from_there(
        self, ours: Company
    ) -> None:
        first, _ = await a_session(ours, ip=HOME, expires_at=BEFORE)
        last, _ = await a_session(ours, ip=HOME, expires_at=BEFORE, created_at=examples.later(1))
        only, _ = await a_session(ours, ip=OFFICE, expires_at=BEFORE)
        async with ours.transaction() as transaction:
            assert await transaction.refresh_tokens.forget(SINCE) == 3
        async with ours.transaction() as transaction:
            sessions = transaction.sessions
            assert await sessions.active_user(first.id) is None
            assert await sessions.active_user(last.id) == ours.admin
            assert await sessions.active_user(only.id) == ours.admin
            assert await sessions.is_known_address(ours.admin.id, HOME)
            assert await sessions.is_known_address(ours.admin.id, OFFICE)

    async def test_old_deliveries_are_forgotten_however_they_ended(self, ours: Company) -> None:
        integration = examples.an_integration()
        ages = {DeliveryStatus.DELIVERED: BEFORE, DeliveryStatus.FAILED: SINCE}
        async with ours.transaction() as transaction:
            await transaction.integrations.add(integration)
            for status, age in ages.items():
                made = a_delivery(integration.id, status=status, created_at=age)
                await transaction.deliveries.add(made)
            assert await transaction.deliveries.forget(SINCE) == 1
        async with ours.transaction() as transaction:
            wanted = DeliveryFilter(integration_id=integration.id)
            [left] = (await transaction.deliveries.page(wanted, examples.ALL)).data
            assert left.status is DeliveryStatus.FAILED
            assert await transaction.deliveries.forget(SINCE) == 0

    async def test_old_tool_calls_are_forgotten(self, ours: Company) -> None:
        run_id = await a_tool_call(ours)
        async with ours.transaction() as transaction:
            assert await transaction.tool_calls.forget(SINCE) == 0
            assert list(await transaction.tool_calls.of_run(run_id)) == ["call-1"]
            assert await transaction.tool_calls.forget(SINCE_FOR_CALLS) == 1
        async with ours.transaction() as transaction:
            assert list(await transaction.tool_calls.of_run(run_id)) == []
            assert await transaction.tool_calls.forget(SINCE_FOR_CALLS) == 0

    async def test_nothing_of_another_organization_is_forgotten(
        self, storage: Storage, ours: Company, theirs: Company
    ) -> None:
        run = await a_run_that_ended(theirs, BEFORE)
        _, token_hash = await a_session(theirs, ip=None, expires_at=BEFORE)
        await something_old(theirs, "deliveries")
        called = await a_tool_call(theirs)
        key = examples.an_idempotency_key()
        async with theirs.transaction() as transaction:
            answer = examples.a_kept_answer(created_at=BEFORE)
            await transaction.idempotency_keys.keep(key, answer, BEFORE)
        async with ours.transaction() as transaction:
            assert await transaction.event_log.forget(SINCE) == 0
            assert await transaction.idempotency_keys.forget(SINCE) == 0
            assert await transaction.refresh_tokens.forget(SINCE) == 0
            assert await transaction.deliveries.forget(SINCE) == 0
            assert await transaction.tool_calls.forget(SINCE_FOR_CALLS) == 0
        assert await storage.directory.refresh_token(token_hash) is not None
        async with theirs.transaction() as transaction:
            assert await transaction.deliveries.forget(SINCE) == 1
            assert len((await transaction.event_log.after(run.id, 0))[0]) == 2
            assert await transaction.idempotency_keys.find(key, BEFORE) == answer
            assert list(await transaction.tool_calls.of_run(called)) == ["call-1"]

    @pytest.mark.parametrize(
        "kind", ["events", "answers", "refresh_tokens", "tool_calls", "deliveries"]
    )
    async def test_an_organization_with_something_to_forget_is_found(
        self, storage: Storage, ours: Company, theirs: Company, kind: str
    ) -> None:
        await something_old(ours, kind)
        found = await storage.backlog.organizations_with_expired(KEPT_SINCE, 10_000)
        assert (found.count(ours.organization.id), theirs.organization.id in found) == (1, False)
        # Each kind has a time of its own.
        kept = replace(KEPT_SINCE, **{kind: BEFORE})
        found = await storage.backlog.organizations_with_expired(kept, 10_000)
        assert ours.organization.id not in found

    async def test_of_many_organizations_no_more_are_found_than_asked_for(
        self, storage: Storage, ours: Company, theirs: Company
    ) -> None:
        for company in (ours, theirs):
            await something_old(company, "answers")
        assert len(await storage.backlog.organizations_with_expired(KEPT_SINCE, 1)) == 1

    async def test_an_organization_with_nothing_left_to_forget_is_not_found(
        self, storage: Storage, ours: Company
    ) -> None:
        await something_old(ours, "events")
        async with ours.transaction() as transaction:
            await transaction.event_log.forget(SINCE)
        found = await storage.backlog.organizations_with_expired(KEPT_SINCE, 10_000)
        assert ours.organization.id not in found

    async def test_a_run_that_is_running_is_nothing_to_forget(
        self, storage: Storage, ours: Company
    ) -> None:
        await a_run(ours, BEFORE)
        found = await storage.backlog.organizations_with_expired(KEPT_SINCE, 10_000)
        assert ours.organization.id not in found


async def a_run(company: Company, created_at: datetime) -> Run:
    """Store a run of that age with two events."""
    made = Conversation.of(company.who)
    run = replace(made.run, created_at=created_at)
    async with company.transaction() as transaction:
        await replace(made, run=run).store(transaction)
        await transaction.event_log.add(run.id, [examples.an_event(1), examples.an_event(2)])
    return run


async def a_run_that_ended(company: Company, created_at: datetime) -> Run:
    """Store a run of that age with two events, and its end."""
    run = await a_run(company, created_at)
    async with company.transaction() as transaction:
        await transaction.runs.finish(replace(run, status=RunStatus.COMPLETED))
    return run


async def a_session(
    company: Company, *, ip: str | None, expires_at: datetime, created_at: datetime = examples.NOON
) -> tuple[Session, bytes]:
    """Store a session of the admin with one refresh token, and return that token's hash too."""
    session = examples.a_session(company.admin.id, ip=ip, created_at=created_at)
    token = examples.a_refresh_token(session.id, expires_at=expires_at)
    async with company.transaction() as transaction:
        await transaction.sessions.add(session)
        await transaction.refresh_tokens.add(token)
    return session, token.token_hash


async def a_tool_call(company: Company) -> UUID:
    """Store the result of a tool call, and return the id of its run."""
    run_id = examples.new_id()
    async with company.transaction() as transaction:
        await transaction.tool_calls.claim(run_id, "call-1", "create_ticket")
        await transaction.tool_calls.keep(run_id, "call-1", b"result")
    return run_id


async def something_old(company: Company, kind: str) -> None:
    """Store something that has expired."""
    match kind:
        case "events":
            await a_run_that_ended(company, BEFORE)
        case "deliveries":
            integration = examples.an_integration()
            async with company.transaction() as transaction:
                await transaction.integrations.add(integration)
                delivery = a_delivery(integration.id, created_at=BEFORE)
                await transaction.deliveries.add(delivery)
        case "refresh_tokens":
            await a_session(company, ip=None, expires_at=BEFORE)
        case "tool_calls":
            await a_tool_call(company)
        case _:
            key, answer = examples.an_idempotency_key(), examples.a_kept_answer(created_at=BEFORE)
            async with company.transaction() as transaction:
                await transaction.idempotency_keys.keep(key, answer, BEFORE)
