"""Tools for tickets, as a model calls them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.principals import Member, Principal
from hexdesk.core.model.tickets import Priority, TicketDraft
from hexdesk.core.testing.examples import new_id
from hexdesk.core.tools.tickets import ref
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene, customer_of

VPN = NewTicket(title="VPN is slow", priority=Priority.HIGH, category="network", tags=("vpn",))
PRINTER = NewTicket(title="Printer on fire")


async def called(scene: Scene, who: Principal, name: str, **arguments: Any) -> Any:
    answer = await scene.desk.call_tool(who, name, arguments)
    assert answer.error is None
    return answer.value


async def numbers(scene: Scene, who: Principal, name: str, **arguments: Any) -> list[int]:
    return [one["number"] for one in (await called(scene, who, name, **arguments))["data"]]


@pytest.fixture
async def tickets(scene: Scene, user: Member) -> None:
    for wish in (VPN, PRINTER, NewTicket(title="VPN is off", description="No VPN at all.")):
        await scene.desk.tickets.create(user, wish)
        scene.clock.advance(60)


def test_a_ticket_is_named_by_number_or_id() -> None:
    ticket_id = new_id()
    assert ref(12) == ref("12") == ref("#12") == 12
    assert ref(str(ticket_id)) == ref(str(ticket_id).upper()) == ticket_id
    assert isinstance(ref(str(ticket_id)), UUID)


@pytest.mark.parametrize("name", ["1", "#1", 1], ids=repr)
async def test_a_ticket_is_read_by_any_of_its_names(
    scene: Scene, user: Member, tickets: None, name: int | str
) -> None:
    ticket = await called(scene, user, "get_ticket", ticket_id=name)
    assert (ticket["title"], ticket["priority"]) == ("VPN is slow", "high")
    assert await called(scene, user, "get_ticket", ticket_id=ticket["id"]) == ticket


async def test_an_agent_opens_a_ticket_in_the_name_of_its_person(
    scene: Scene, user: Member
) -> None:
    run = await scene.agent_run(user, "create_ticket")
    ticket = await called(scene, run, "create_ticket", title="Help", tags=["vpn"])
    assert (ticket["source"], ticket["created_by_id"]) == ("agent", str(user.user_id))
    assert (ticket["thread_id"], ticket["tags"]) == (str(run.thread_id), ["vpn"])


async def test_a_ticket_is_drawn_from_a_persons_own_words(scene: Scene, user: Member) -> None:
    scene.runner.drafts.append(TicketDraft(title="Login fails", tags=("login",)))
    run = await scene.agent_run(user, "create_ticket_with_ai")
    ticket = await called(scene, run, "create_ticket_with_ai", text="I can't get in!")
    assert (ticket["title"], ticket["source"], ticket["degraded"]) == (
        "Login fails", "agent", False,
    )  # fmt: skip


async def test_a_draft_without_a_model_says_so(scene: Scene, user: Member) -> None:
    scene.runner.drafts.append(ModelUnavailableError("no key"))
    ticket = await called(scene, user, "create_ticket_with_ai", text="Help!\nNow!")
    assert (ticket["title"], ticket["description"]) == ("Help!", "Help!\nNow!")
    assert (ticket["degraded"], ticket["degraded_reason"]) == (True, "model_unavailable")


async def test_fields_that_are_not_given_stay_as_they_are(
    scene: Scene, user: Member, tickets: None
) -> None:
    changed = await called(scene, user, "update_ticket", ticket_id=1, title="VPN is fine")
    assert (changed["title"], changed["priority"], changed["version"]) == (
        "VPN is fine", "high", 2,
    )  # fmt: skip
    cleared = await called(scene, user, "update_ticket", ticket_id=1, category=None, tags=[])
    assert (cleared["category"], cleared["tags"]) == (None, [])


async def test_a_removed_ticket_is_named_once_more(
    scene: Scene, admin: Member, user: Member, tickets: None
) -> None:
    removed = await called(scene, admin, "delete_ticket", ticket_id=2)
    assert (removed["number"], removed["deleted"]) == (2, True)
    assert await numbers(scene, user, "list_tickets") == [3, 1]


async def test_a_ticket_moves_and_a_wrong_step_is_explained(
    scene: Scene, user: Member, tickets: None
) -> None:
    moved = await called(scene, user, "update_ticket_status", ticket_id=1, status="resolved")
    assert moved["resolved_at"]
    wrong = {"ticket_id": 1, "status": "waiting"}
    answer = await scene.desk.call_tool(user, "update_ticket_status", wrong)
    assert answer.error == "a ticket that is resolved cannot become waiting"


async def test_a_ticket_is_given_to_a_member_or_to_nobody(
    scene: Scene, user: Member, tickets: None
) -> None:
    user_id = str(user.user_id)
    given = await called(scene, user, "assign_ticket", ticket_id=1, assignee_id=user_id)
    assert given["assignee_id"] == user_id
    assert await numbers(scene, user, "list_tickets", assignee_id=user_id) == [1]
    given = await called(scene, user, "assign_ticket", ticket_id=1, assignee_id=None)
    assert given["assignee_id"] is None


async def test_a_list_is_newest_first_unless_it_is_sorted_otherwise(
    scene: Scene, user: Member, tickets: None
) -> None:
    assert await numbers(scene, user, "list_tickets") == [3, 2, 1]
    assert await numbers(scene, user, "list_tickets", sort="title") == [2, 3, 1]
    assert await numbers(scene, user, "list_tickets", limit=1, offset=1) == [2]


async def test_a_search_is_by_rank_unless_it_is_sorted_otherwise(
    scene: Scene, user: Member, tickets: None
) -> None:
    assert await numbers(scene, user, "search_tickets", query="vpn") == [3, 1]
    assert await numbers(scene, user, "search_tickets", query="vpn", sort="number") == [1, 3]


async def test_a_sort_by_what_cannot_be_sorted_is_explained(scene: Scene, user: Member) -> None:
    answer = await scene.desk.call_tool(user, "list_tickets", {"sort": "tags"})
    assert answer.error
    assert "cannot sort by 'tags': choose one of" in answer.error


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"priority": "high"}, [1]),
        ({"category": "network"}, [1]),
        ({"tag": "vpn"}, [1]),
        ({"status": "closed"}, []),
    ],
)
async def test_lists_are_filtered(
    scene: Scene, user: Member, tickets: None, wanted: dict[str, Any], expected: list[int]
) -> None:
    assert await numbers(scene, user, "list_tickets", **wanted) == expected


async def test_lists_are_filtered_by_time(scene: Scene, user: Member, tickets: None) -> None:
    middle = (scene.clock.now() - timedelta(seconds=90)).isoformat()
    assert await numbers(scene, user, "list_tickets", created_from=middle) == [3]
    assert await numbers(scene, user, "search_tickets", query="vpn", created_to=middle) == [1]


async def test_twenty_tickets_are_enough_unless_more_are_asked_for(
    scene: Scene, user: Member
) -> None:
    for number in range(25):
        await scene.desk.tickets.create(user, NewTicket(title=f"Ticket {number}"))
    assert len(await numbers(scene, user, "list_tickets")) == 20
    assert len(await numbers(scene, user, "list_tickets", limit=200)) == 25


async def test_a_customers_agent_finds_the_customers_tickets_only(
    scene: Scene, admin: Member, tickets: None
) -> None:
    customer = customer_of(admin, "cy@example.com")
    own = await scene.desk.tickets.create(customer, NewTicket(title="My VPN"))
    run = await scene.agent_run(customer, "list_tickets", "search_tickets", "get_ticket")
    assert await numbers(scene, run, "list_tickets") == [own.number]
    assert await numbers(scene, run, "search_tickets", query="vpn") == [own.number]
    answer = await scene.desk.call_tool(run, "get_ticket", {"ticket_id": 1})
    assert answer.error == "no ticket 1"


async def test_the_numbers_are_those_of_the_api(scene: Scene, user: Member, tickets: None) -> None:
    stats = await called(scene, user, "get_ticket_stats")
    assert (stats["total"], stats["by_priority"]["high"], stats["unassigned"]) == (3, 1, 3)
