"""The part of the storage contract about finding tickets."""

import pytest
from msgspec.structs import replace

from hexdesk.core.model.tickets import Priority, TicketFilter, TicketStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, added
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class TicketSearchContract(StorageFixtures):
    """Which tickets are found, and in what order."""

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (TicketFilter(), {"plain", "other"}),
            (TicketFilter(status=TicketStatus.WAITING), {"other"}),
            (TicketFilter(priority=Priority.HIGH), {"other"}),
            (TicketFilter(category="access"), {"other"}),
            (TicketFilter(category="acc"), set[str]()),
            (TicketFilter(tag="login"), {"other"}),
            (TicketFilter(tag="log"), set[str]()),
            (TicketFilter(requester_email="C@Example.com"), {"other"}),
            (TicketFilter(created_from=examples.later(5)), {"other"}),
            (TicketFilter(created_from=examples.later(10)), {"other"}),
            (TicketFilter(created_to=examples.later(5)), {"plain"}),
            (TicketFilter(created_to=examples.later(10)), {"plain", "other"}),
            (TicketFilter(category="access", tag="sso", query="failing logins"), {"other"}),
            (TicketFilter(category="access", status=TicketStatus.OPEN), set[str]()),
        ],
    )
    async def test_a_filter_finds_the_tickets_that_fit(
        self, ours: Company, wanted: TicketFilter, found: set[str]
    ) -> None:
        company = ours.organization.id
        await added(
            ours,
            examples.a_ticket(company, source="plain"),
            examples.a_ticket(
                company,
                source="other",
                status=TicketStatus.WAITING,
                priority=Priority.HIGH,
                category="access",
                tags=("login", "sso"),
                requester_email="c@example.com",
                created_at=examples.later(10),
            ),
        )
        async with ours.transaction() as transaction:
            page = await transaction.tickets.page(wanted, examples.ALL)
        assert {ticket.source for ticket in page.data} == found
        assert page.total == len(found)

    async def test_a_filter_finds_what_is_assigned_to_somebody(self, ours: Company) -> None:
        company = ours.organization.id
        _, mine = await added(
            ours,
            examples.a_ticket(company),
            examples.a_ticket(company, assignee_id=ours.admin.id),
        )
        async with ours.transaction() as transaction:
            wanted = TicketFilter(assignee_id=ours.admin.id)
            assert (await transaction.tickets.page(wanted, examples.ALL)).data == (mine,)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("printer", {"title"}),
            ("PRINTER", {"title"}),
            ("printers", {"title"}),
            ("smoke", {"description"}),
            ("firmware", {"comment"}),
            ("smells burning", {"description"}),
            ("printer smoke", set[str]()),
            ("unheard", set[str]()),
        ],
    )
    async def test_a_query_finds_all_its_words_in_title_description_or_comments(
        self, ours: Company, query: str, found: set[str]
    ) -> None:
        company = ours.organization.id
        _, _, commented = await added(
            ours,
            examples.a_ticket(company, source="title", title="Printer on fire"),
            examples.a_ticket(company, source="description", description="Smells of burning smoke"),
            examples.a_ticket(company, source="comment"),
        )
        async with ours.transaction() as transaction:
            await transaction.comments.add(examples.a_comment(commented.id, body="New firmware"))
            page = await transaction.tickets.page(TicketFilter(query=query), examples.BY_RANK)
        assert {ticket.source for ticket in page.data} == found
        assert page.total == len(found)

    async def test_internal_comments_do_not_show_in_what_one_requester_finds(
        self, ours: Company
    ) -> None:
        requester = "c@example.com"
        told, untold = await added(
            ours,
            *(examples.a_ticket(ours.organization.id, requester_email=requester) for _ in range(2)),
        )
        async with ours.transaction() as transaction:
            await transaction.comments.add(examples.a_comment(told.id, body="Try the firmware"))
            await transaction.comments.add(
                examples.a_comment(untold.id, body="Bad firmware", internal=True)
            )
            for_staff = TicketFilter(query="firmware")
            for_requester = TicketFilter(query="firmware", requester_email=requester)
            for part in (examples.ALL, examples.BY_RANK):
                page = await transaction.tickets.page(for_staff, part)
                assert {ticket.id for ticket in page.data} == {told.id, untold.id}
                page = await transaction.tickets.page(for_requester, part)
                assert (page.data, page.total) == ((told,), 1)

    async def test_a_query_ranks_by_hits_and_then_newest_first(self, ours: Company) -> None:
        company = ours.organization.id
        best, new, old = await added(
            ours,
            examples.a_ticket(
                company, title="Printer printer", description="The printer, that printer."
            ),
            examples.a_ticket(company, title="Printer", created_at=examples.later(9)),
            examples.a_ticket(company, title="Printer", created_at=examples.later(3)),
        )
        async with ours.transaction() as transaction:
            wanted = TicketFilter(query="printer")
            page = await transaction.tickets.page(wanted, examples.BY_RANK)
            assert page.data == (best, new, old)
            second = await transaction.tickets.page(
                wanted, replace(examples.BY_RANK, limit=1, offset=1)
            )
            assert (second.data, second.total) == ((new,), 3)
            by_age = await transaction.tickets.page(wanted, examples.ALL)
            assert by_age.data == (new, old, best)
