"""The table of rights, and what follows from it for tools, threads and tickets."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from hexdesk.core.errors import ForbiddenError
from hexdesk.core.model.chat import Thread
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Customer, Member, Principal, System
from hexdesk.core.model.tickets import Ticket, TicketFilter
from hexdesk.core.policy.rights import (
    CUSTOMER_TOOLS,
    NOBODY,
    Right,
    files_seen_by,
    may,
    may_use_tool,
    own_email,
    require,
    rights_of,
    sees_task,
    sees_thread,
    sees_ticket,
    visible,
)
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.examples import a_thread, a_ticket, an_agent
from hexdesk.core.tools.catalogue import BUILTIN
from hexdesk.core.tools.tool import Tool
from tests.unit.core.laws import law

ORGANIZATION = UUID(int=1)
AGENT = an_agent(ORGANIZATION)
ADMIN = Member(organization_id=ORGANIZATION, user_id=UUID(int=2), role=Role.ADMIN)
USER = Member(organization_id=ORGANIZATION, user_id=UUID(int=3), role=Role.USER)
ADMIN_KEY = replace(ADMIN, api_key_id=UUID(int=4))
USER_KEY = replace(USER, api_key_id=UUID(int=5))
VERIFIED = Customer(
    organization_id=ORGANIZATION, customer_id="U1", email="cy@example.com", is_verified=True
)

UNVERIFIED = replace(VERIFIED, is_verified=False)
NAMELESS = replace(VERIFIED, email=None)
SYSTEM = System(organization_id=ORGANIZATION)
PEOPLE = (ADMIN, USER, ADMIN_KEY, USER_KEY, VERIFIED, UNVERIFIED, NAMELESS)

# Every right, and who has it: admin, user, an admin's key, verified customer, unverified customer.
TABLE = {
    Right.READ_ORGANIZATION: "admin user key",
    Right.CHANGE_ORGANIZATION: "admin key",
    Right.MANAGE_MEMBERS: "admin",
    Right.MANAGE_API_KEYS: "admin",
    Right.CHANGE_OWN_PASSWORD: "admin user",
    Right.READ_AGENTS: "admin user key",
    Right.READ_AGENT_RECORDS: "admin key",
    Right.CHANGE_AGENTS: "admin key",
    Right.CHAT: "admin user key verified unverified",
    Right.SEE_ALL_THREADS: "admin key",
    Right.CREATE_TICKETS: "admin user key verified unverified",
    Right.READ_TICKETS: "admin user key verified",
    Right.CHANGE_TICKETS: "admin user key",
    Right.DELETE_TICKETS: "admin key",
    Right.READ_FILES: "admin user key",
    Right.UPLOAD_FILES: "admin user key",
    Right.SEE_ALL_FILES: "admin key",
    Right.USE_TASKS: "admin user key",
    Right.SEE_ALL_TASKS: "admin key",
    Right.CHECK_AGENTS: "admin key",
    Right.READ_APPROVALS: "admin user key",
    Right.DECIDE_APPROVALS: "admin key",
    Right.READ_INTEGRATIONS: "admin user key",
    Right.CHANGE_INTEGRATIONS: "admin key",
    Right.READ_AUDIT: "admin key",
    Right.READ_HEALTH: "admin user key",
    Right.USE_PLUGIN_TOOLS: "admin user key",
}


def acting_for(person: Member | Customer, *tools: str) -> AgentRun:
    return AgentRun(
        organization_id=ORGANIZATION,
        agent_id=AGENT.id,
        run_id=UUID(int=6),
        acts_for=person,
        thread_id=UUID(int=7),
        tools=frozenset(tools),
    )


@pytest.mark.parametrize("right", Right)
def test_every_right_belongs_to_whom_the_table_says(right: Right) -> None:
    actors = {
        "admin": ADMIN,
        "user": USER,
        "key": ADMIN_KEY,
        "verified": VERIFIED,
        "unverified": UNVERIFIED,
    }
    assert {name for name, who in actors.items() if may(who, right)} == set(TABLE[right].split())


def test_the_key_of_a_user_may_what_the_user_may_but_change_the_password() -> None:
    assert rights_of(USER) - rights_of(USER_KEY) == {Right.CHANGE_OWN_PASSWORD}
    assert rights_of(USER_KEY) <= rights_of(USER)


def test_a_customer_without_an_address_is_as_good_as_unverified() -> None:
    assert rights_of(NAMELESS) == rights_of(UNVERIFIED)


def test_the_desk_itself_may_everything() -> None:
    assert rights_of(SYSTEM) == set(Right)


def test_a_task_exists_for_its_member_for_admins_and_for_the_desk() -> None:
    users = a_task(ORGANIZATION, created_by_id=USER.user_id)
    nobodys = a_task(ORGANIZATION)
    actors = (SYSTEM, ADMIN, ADMIN_KEY, USER, USER_KEY, VERIFIED, acting_for(ADMIN))
    assert [sees_task(who, users) for who in actors] == [True] * 5 + [False] * 2
    assert [sees_task(who, nobodys) for who in actors] == [True] * 3 + [False] * 4


def test_what_one_may_not_do_is_refused_in_words() -> None:
    require(ADMIN, Right.READ_AUDIT)
    with pytest.raises(ForbiddenError, match=r"^you may not read the audit$"):
        require(USER, Right.READ_AUDIT)


@law
@given(person=some.sampled_from(PEOPLE), right=some.sampled_from(list(Right)))
def test_an_agent_never_may_more_than_whom_it_acts_for(
    person: Member | Customer, right: Right
) -> None:
    assert may(acting_for(person), right) == may(person, right)


@law
@given(
    person=some.sampled_from(PEOPLE),
    names=some.sets(some.sampled_from([one.name for one in BUILTIN])),
    tool=some.sampled_from(BUILTIN),
)
def test_a_run_uses_a_tool_that_both_its_capability_and_its_person_allow(
    person: Member | Customer, names: set[str], tool: Tool
) -> None:
    allowed = may_use_tool(acting_for(person, *names), tool.name, tool.right)
    assert allowed == (tool.name in names and may_use_tool(person, tool.name, tool.right))


@pytest.mark.parametrize(
    ("customer", "tools"),
    [(VERIFIED, CUSTOMER_TOOLS), (UNVERIFIED, {"create_ticket"}), (NAMELESS, {"create_ticket"})],
)
def test_customers_have_four_tools_and_unverified_ones_may_only_create(
    customer: Customer, tools: set[str]
) -> None:
    everything = acting_for(customer, *(one.name for one in BUILTIN))
    assert {one.name for one in BUILTIN if may_use_tool(everything, one.name, one.right)} == tools


def test_customers_have_exactly_the_tools_of_the_contract() -> None:
    assert set(CUSTOMER_TOOLS) == {"create_ticket", "get_ticket", "search_tickets", "list_tickets"}


def test_members_use_tools_as_far_as_their_rights_reach() -> None:
    assert may_use_tool(ADMIN, "delete_ticket", Right.DELETE_TICKETS)
    assert not may_use_tool(USER, "delete_ticket", Right.DELETE_TICKETS)


def thread(**fields: object) -> Thread:
    return a_thread(AGENT, **fields)


OWN = thread(user_id=USER.user_id)
ANOTHERS = thread(user_id=ADMIN.user_id)
CUSTOMERS = thread(metadata={"customer_id": VERIFIED.customer_id})
OTHER_CUSTOMERS = thread(metadata={"customer_id": "U2"})
POSING = thread(user_id=USER.user_id, metadata={"customer_id": VERIFIED.customer_id})
RUNS_OWN = thread(id=UUID(int=7))


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (ADMIN, [OWN, ANOTHERS, CUSTOMERS, OTHER_CUSTOMERS, POSING, RUNS_OWN]),
        # RUNS_OWN is nobody's: its member was removed, and colleagues do not inherit it.
        (USER, [OWN, CUSTOMERS, OTHER_CUSTOMERS, POSING]),
        (VERIFIED, [CUSTOMERS]),
        (acting_for(ADMIN), [RUNS_OWN]),
        (SYSTEM, [OWN, ANOTHERS, CUSTOMERS, OTHER_CUSTOMERS, POSING, RUNS_OWN]),
    ],
)
def test_everybody_sees_only_the_threads_that_are_for_them(
    who: Principal, seen: list[Thread]
) -> None:
    threads = [OWN, ANOTHERS, CUSTOMERS, OTHER_CUSTOMERS, POSING, RUNS_OWN]
    assert [one for one in threads if sees_thread(who, one)] == seen


def ticket(requester_email: str | None) -> Ticket:
    return a_ticket(ORGANIZATION, requester_email=requester_email)


def test_customers_see_the_tickets_of_their_own_address_only() -> None:
    assert sees_ticket(VERIFIED, ticket("CY@example.com"))
    assert sees_ticket(acting_for(VERIFIED), ticket("cy@example.com"))
    assert not sees_ticket(VERIFIED, ticket("bea@example.com"))
    assert not sees_ticket(VERIFIED, ticket(None))


def test_a_customer_without_an_address_sees_no_ticket_not_even_one_without_requester() -> None:
    assert not sees_ticket(NAMELESS, ticket(None))
    assert not sees_ticket(NAMELESS, ticket(""))


def test_members_and_their_agents_see_every_ticket() -> None:
    assert all(sees_ticket(who, ticket(None)) for who in (ADMIN, USER, acting_for(USER), SYSTEM))


def test_a_search_is_narrowed_to_what_the_customer_may_see() -> None:
    wanted = TicketFilter(query="login", requester_email="bea@example.com")
    assert visible(acting_for(VERIFIED), wanted) == replace(
        wanted, requester_email="cy@example.com"
    )
    assert visible(USER, wanted) == wanted


def test_only_customers_are_bound_to_an_address() -> None:
    assert own_email(VERIFIED) == own_email(acting_for(VERIFIED)) == "cy@example.com"
    assert own_email(NAMELESS) == ""
    assert own_email(USER) is own_email(SYSTEM) is None


def test_whose_files_are_shown() -> None:
    assert files_seen_by(SYSTEM) is None
    assert files_seen_by(ADMIN) is None
    assert files_seen_by(acting_for(ADMIN)) is None
    assert files_seen_by(USER) == files_seen_by(acting_for(USER)) == USER.user_id
    assert files_seen_by(VERIFIED) == files_seen_by(acting_for(VERIFIED)) == NOBODY
