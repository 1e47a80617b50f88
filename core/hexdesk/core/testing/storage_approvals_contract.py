"""The part of the storage contract about calls that wait for people."""

import asyncio
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.approvals import ApprovalFilter, ApprovalStatus, HeldCall
from hexdesk.core.model.chat import CUSTOMER_ID, RunStatus, ThreadStatus
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.approval_examples import a_held_call
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures

ANY = ApprovalFilter()
MANY = 10_000


class ApprovalContract(StorageFixtures):
    """Calls that wait, or waited, for a person."""

    @pytest.fixture
    async def held(self, ours: Company, conversation: Conversation) -> HeldCall:
        """Return a stored call that waits; the run that asked is over."""
        held = a_held_call(conversation.run)
        async with ours.transaction() as transaction:
            await transaction.runs.finish(replace(conversation.run, status=RunStatus.COMPLETED))
            await transaction.approvals.add(held)
        return held

    async def test_an_approval_comes_back_as_it_was_stored(
        self, ours: Company, held: HeldCall
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.approvals.get(held.id) == held
            page = await transaction.approvals.page(ANY, examples.ALL, own_of=None)
        assert page.data == (held.shown(),)

    async def test_approvals_are_found_by_status_and_thread(
        self, ours: Company, held: HeldCall
    ) -> None:
        async with ours.transaction() as transaction:
            for wanted, total in (
                (ApprovalFilter(status=ApprovalStatus.PENDING), 1),
                (ApprovalFilter(status=ApprovalStatus.DENIED), 0),
                (ApprovalFilter(thread_id=held.thread_id), 1),
                (ApprovalFilter(thread_id=examples.new_id()), 0),
            ):
                page = await transaction.approvals.page(wanted, examples.ALL, own_of=None)
                assert page.total == total, wanted

    async def test_somebody_sees_the_approvals_of_own_threads_and_of_customers(
        self, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        customers = examples.a_thread(conversation.agent, metadata={CUSTOMER_ID: "U1"})
        message = examples.a_message(customers.id)
        run = examples.a_run(customers, message, ours.who)
        theirs = a_held_call(run)
        async with ours.transaction() as transaction:
            await transaction.threads.add(customers)
            await transaction.messages.add(message)
            await transaction.runs.begin(run)
            await transaction.approvals.add(theirs)
            seen = {
                who: {
                    one.id
                    for one in (
                        await transaction.approvals.page(ANY, examples.ALL, own_of=who)
                    ).data
                }
                for who in (ours.admin.id, examples.new_id())
            }
        assert sorted(seen.values(), key=len) == [{theirs.id}, {held.id, theirs.id}]

    async def test_of_many_decisions_at_once_one_is_stored(
        self, ours: Company, held: HeldCall
    ) -> None:
        async def decide(status: ApprovalStatus) -> bool:
            settled = replace(
                held,
                status=status,
                decided_by_id=ours.admin.id,
                decided_at=examples.later(1),
                note="Well.",
                tool="another_tool",
            )
            async with ours.transaction() as transaction:
                return await transaction.approvals.settle(settled)

        wishes = [ApprovalStatus.APPROVED, ApprovalStatus.DENIED] * 3
        done = await asyncio.gather(*map(decide, wishes))
        assert sum(done) == 1
        async with ours.transaction() as transaction:
            assert await transaction.approvals.get(held.id) == replace(
                held,
                status=wishes[done.index(True)],
                decided_by_id=ours.admin.id,
                decided_at=examples.later(1),
                note="Well.",
            )

    async def test_of_many_that_go_on_after_a_decision_one_does(
        self, ours: Company, held: HeldCall
    ) -> None:
        async def resume(run_id: UUID) -> bool:
            async with ours.transaction() as transaction:
                return await transaction.approvals.resume(held.id, run_id)

        # Nobody has decided yet.
        assert not await resume(examples.new_id())
        await settled(ours, held, ApprovalStatus.DENIED)
        run_ids = [examples.new_id() for _ in range(5)]
        done = await asyncio.gather(*map(resume, run_ids))
        assert sum(done) == 1
        async with ours.transaction() as transaction:
            found = await transaction.approvals.get(held.id)
        assert found.resumed_run_id == run_ids[done.index(True)]

    async def test_nothing_goes_on_after_an_approval_that_expired(
        self, ours: Company, held: HeldCall
    ) -> None:
        await settled(ours, held, ApprovalStatus.EXPIRED)
        async with ours.transaction() as transaction:
            assert not await transaction.approvals.resume(held.id, examples.new_id())
            assert not await transaction.approvals.settle(
                replace(held, status=ApprovalStatus.APPROVED)
            )

    async def test_the_approvals_of_runs_are_found(
        self, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        second = a_held_call(conversation.run, call_id="call-2", created_at=examples.later(1))
        async with ours.transaction() as transaction:
            await transaction.approvals.add(second)
            asked = [held.run_id, examples.new_id()]
            assert list(await transaction.approvals.of_runs(asked)) == [held, second]
            assert list(await transaction.approvals.of_runs([examples.new_id()])) == []

    async def test_a_thread_waits_until_nothing_in_it_does(
        self, ours: Company, held: HeldCall
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.approvals.has_pending(held.thread_id)
            assert not await transaction.approvals.has_pending(examples.new_id())
        await settled(ours, held, ApprovalStatus.EXPIRED)
        async with ours.transaction() as transaction:
            assert not await transaction.approvals.has_pending(held.thread_id)

    async def test_a_removed_thread_takes_its_approvals(
        self, ours: Company, held: HeldCall
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.threads.remove(held.thread_id)
        async with ours.transaction() as transaction:
            with pytest.raises(NotFoundError):
                await transaction.approvals.get(held.id)

    async def test_a_decision_outlives_the_member_who_made_it(
        self, ours: Company, held: HeldCall
    ) -> None:
        colleague = examples.a_user(ours.organization.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(colleague, "hash")
        await settled(ours, held, ApprovalStatus.DENIED, decided_by_id=colleague.id)
        async with ours.transaction() as transaction:
            await transaction.users.remove(colleague.id)
        async with ours.transaction() as transaction:
            found = await transaction.approvals.get(held.id)
        assert (found.status, found.decided_by_id) == (ApprovalStatus.DENIED, None)

    async def test_an_approval_belongs_to_a_run_that_is_there(
        self, ours: Company, conversation: Conversation
    ) -> None:
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                held = a_held_call(replace(conversation.run, id=examples.new_id()))
                await transaction.approvals.add(held)


class DueApprovalContract(ApprovalContract):
    """Approvals that somebody has to see to, of all organizations."""

    async def test_what_waits_is_due_when_its_time_is_over(
        self, storage: Storage, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        over = a_held_call(conversation.run, call_id="over", expires_at=examples.LONG_AGO)
        assert await due(storage, held) == []
        async with ours.transaction() as transaction:
            await transaction.approvals.add(over)
        # That a run is at work, or a person, does not stop time.
        await with_thread(ours, conversation, ThreadStatus.HUMAN)
        assert await due(storage, held, over) == [(over.id, ours.organization.id)]
        await settled(ours, over, ApprovalStatus.EXPIRED)
        assert await due(storage, held, over) == []

    @pytest.mark.parametrize("status", [ApprovalStatus.APPROVED, ApprovalStatus.DENIED])
    async def test_what_was_decided_is_due_until_its_run_has_begun(
        self, storage: Storage, ours: Company, held: HeldCall, status: ApprovalStatus
    ) -> None:
        await settled(ours, held, status)
        assert await due(storage, held) == [(held.id, ours.organization.id)]
        async with ours.transaction() as transaction:
            await transaction.approvals.resume(held.id, examples.new_id())
        assert await due(storage, held) == []

    async def test_what_was_decided_waits_while_a_person_has_the_thread(
        self, storage: Storage, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        await settled(ours, held, ApprovalStatus.APPROVED)
        await with_thread(ours, conversation, ThreadStatus.HUMAN)
        assert await due(storage, held) == []
        await with_thread(ours, conversation, ThreadStatus.CLOSED)
        assert await due(storage, held) == [(held.id, ours.organization.id)]

    async def test_what_was_decided_waits_while_a_run_is_at_work_in_the_thread(
        self, storage: Storage, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        await settled(ours, held, ApprovalStatus.APPROVED)
        run = replace(conversation.run, id=examples.new_id())
        async with ours.transaction() as transaction:
            assert await transaction.runs.begin(run)
        assert await due(storage, held) == []
        async with ours.transaction() as transaction:
            await transaction.runs.finish(replace(run, status=RunStatus.COMPLETED))
        assert await due(storage, held) == [(held.id, ours.organization.id)]

    async def test_of_much_that_is_due_the_oldest_comes_first(
        self, storage: Storage, ours: Company, conversation: Conversation, held: HeldCall
    ) -> None:
        await settled(ours, held, ApprovalStatus.APPROVED)
        over = a_held_call(conversation.run, call_id="over", expires_at=examples.LONG_AGO)
        async with ours.transaction() as transaction:
            await transaction.approvals.add(over)
        assert [one[0] for one in await due(storage, held, over)] == [over.id, held.id]
        assert len(await storage.backlog.due_approvals(1)) == 1


async def settled(
    company: Company,
    held: HeldCall,
    status: ApprovalStatus,
    **changes: object,
) -> None:
    """Store how a call was decided, or that nobody did."""
    decided_at = None if status is ApprovalStatus.EXPIRED else examples.later(1)
    end = replace(held, status=status, decided_at=decided_at, **changes)
    async with company.transaction() as transaction:
        assert await transaction.approvals.settle(end)


async def with_thread(company: Company, conversation: Conversation, status: ThreadStatus) -> None:
    """Give the conversation another status."""
    async with company.transaction() as transaction:
        await transaction.threads.update(replace(conversation.thread, status=status))


async def due(storage: Storage, *of: HeldCall) -> list[tuple[UUID, UUID]]:
    """Return which of these are due; others' may be as well."""
    ids = {one.id for one in of}
    return [found for found in await storage.backlog.due_approvals(MANY) if found[0] in ids]
