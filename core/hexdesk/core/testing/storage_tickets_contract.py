"""The part of the storage contract about tickets and comments."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.tickets import (
    AuthorType,
    Priority,
    TicketStats,
    TicketStatus,
)
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation, added
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class TicketContract(StorageFixtures):
    """The tickets."""

    async def test_a_ticket_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        ticket = examples.a_ticket(
            ours.organization.id,
            description="Since the update.",
            category="access",
            tags=("login", "Größe"),
            assignee_id=ours.admin.id,
            requester_email="c@example.com",
            created_by_id=ours.admin.id,
            source="agent",
            thread_id=conversation.thread.id,
        )
        [stored] = await added(ours, ticket)
        assert stored == replace(ticket, number=1)
        async with ours.transaction() as transaction:
            assert await transaction.tickets.get(ticket.id) == stored
            assert await transaction.tickets.get(1) == stored

    async def test_a_ticket_that_is_not_there_is_not_found(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            with pytest.raises(NotFoundError):
                await transaction.tickets.get(examples.new_id())
            with pytest.raises(NotFoundError):
                await transaction.tickets.get(1)

    async def test_each_organization_counts_its_tickets_for_itself(
        self, ours: Company, theirs: Company
    ) -> None:
        for company in (ours, theirs):
            tickets = (examples.a_ticket(company.organization.id) for _ in range(2))
            first, second = await added(company, *tickets)
            assert (first.number, second.number) == (1, 2)
            async with company.transaction() as transaction:
                assert await transaction.tickets.get(2) == second

    async def test_tickets_added_at_once_get_numbers_without_gaps(self, ours: Company) -> None:
        async def add() -> int:
            [ticket] = await added(ours, examples.a_ticket(ours.organization.id))
            return ticket.number

        numbers = await asyncio.gather(*(add() for _ in range(20)))
        assert sorted(numbers) == list(range(1, 21))

    async def test_the_number_of_a_removed_ticket_is_not_used_again(self, ours: Company) -> None:
        [first] = await added(ours, examples.a_ticket(ours.organization.id))
        async with ours.transaction() as transaction:
            await transaction.comments.add(examples.a_comment(first.id))
            await transaction.tickets.remove(first.id)
        [second] = await added(ours, examples.a_ticket(ours.organization.id))
        assert second.number == 2
        async with ours.transaction() as transaction:
            assert (await transaction.comments.page(first.id, examples.ALL)).total == 0
            with pytest.raises(NotFoundError):
                await transaction.tickets.get(first.id)

    async def test_a_changed_ticket_is_stored_whole(self, ours: Company) -> None:
        [ticket] = await added(ours, examples.a_ticket(ours.organization.id, category="access"))
        changed = replace(
            ticket,
            title="Logout fails",
            description="Now this.",
            status=TicketStatus.RESOLVED,
            priority=Priority.URGENT,
            category=None,
            tags=("a",),
            assignee_id=ours.admin.id,
            version=2,
            updated_at=examples.later(5),
            resolved_at=examples.later(5),
        )
        async with ours.transaction() as transaction:
            await transaction.tickets.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.tickets.get(ticket.id) == changed

    async def test_a_ticket_changed_in_the_meantime_is_not_overwritten(self, ours: Company) -> None:
        [ticket] = await added(ours, examples.a_ticket(ours.organization.id))
        first = replace(ticket, title="First", version=2)
        async with ours.transaction() as transaction:
            await transaction.tickets.update(first)
        for version in (1, 2, 4):
            with pytest.raises(ConflictError):
                async with ours.transaction() as transaction:
                    late = replace(ticket, title="Late", version=version)
                    await transaction.tickets.update(late)
        async with ours.transaction() as transaction:
            assert await transaction.tickets.get(ticket.id) == first

    async def test_a_locked_ticket_is_changed_by_one_after_the_other(self, ours: Company) -> None:
        [ticket] = await added(ours, examples.a_ticket(ours.organization.id))

        async def tag(name: str) -> None:
            async with ours.transaction() as transaction:
                seen = await transaction.tickets.get(ticket.id, lock=True)
                changed = replace(seen, tags=(*seen.tags, name), version=seen.version + 1)
                await transaction.tickets.update(changed)

        await asyncio.gather(*(tag(name) for name in "abcde"))
        async with ours.transaction() as transaction:
            assert set((await transaction.tickets.get(ticket.id)).tags) == set("abcde")

    async def test_no_tickets_are_counted_as_zeros(self, ours: Company) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.tickets.stats(examples.NOON) == TicketStats(
                total=0,
                by_status=dict.fromkeys(TicketStatus, 0),
                by_priority=dict.fromkeys(Priority, 0),
                unassigned=0,
                created_today=0,
                resolved_today=0,
                average_resolution_seconds=None,
            )

    async def test_tickets_are_counted(self, ours: Company) -> None:
        company, midnight = ours.organization.id, examples.NOON.replace(hour=0)
        before, after = midnight - timedelta(microseconds=1), midnight + timedelta(days=1)
        await added(
            ours,
            examples.a_ticket(company, created_at=before, assignee_id=ours.admin.id),
            examples.a_ticket(company, created_at=midnight, priority=Priority.LOW),
            examples.a_ticket(company, created_at=after, status=TicketStatus.WAITING),
            *(
                examples.a_ticket(
                    company,
                    created_at=until - timedelta(seconds=seconds),
                    status=TicketStatus.CLOSED,
                    resolved_at=until,
                )
                for until, seconds in ((examples.NOON, 10), (before, 25))
            ),
        )
        async with ours.transaction() as transaction:
            stats = await transaction.tickets.stats(examples.NOON)
        none = dict.fromkeys(TicketStatus, 0)
        assert stats == TicketStats(
            total=5,
            by_status=none
            | {TicketStatus.OPEN: 2, TicketStatus.WAITING: 1, TicketStatus.CLOSED: 2},
            by_priority={
                Priority.LOW: 1,
                Priority.NORMAL: 4,
                Priority.HIGH: 0,
                Priority.URGENT: 0,
            },
            unassigned=4,
            created_today=2,
            resolved_today=1,
            average_resolution_seconds=17.5,
        )


class CommentContract(StorageFixtures):
    """The remarks on tickets."""

    async def test_a_comment_comes_back_as_it_was_stored(self, ours: Company) -> None:
        ticket, other = await added(
            ours, *(examples.a_ticket(ours.organization.id) for _ in range(2))
        )
        comment = examples.a_comment(
            ticket.id, author_id=ours.admin.id, author_type=AuthorType.USER, internal=True
        )
        async with ours.transaction() as transaction:
            await transaction.comments.add(comment)
        async with ours.transaction() as transaction:
            assert (await transaction.comments.page(ticket.id, examples.ALL)).data == (comment,)
            assert (await transaction.comments.page(other.id, examples.ALL)).total == 0
