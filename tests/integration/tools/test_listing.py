"""What a caller is shown is what it may call."""

from mcp.types import Tool

from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import Customer
from hexdesk.core.tools.catalogue import BUILTIN
from hexdesk.core.use_cases.api_keys import NewApiKey
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.mcp_clients import Connect

ALL = [tool.name for tool in BUILTIN]
READ_ONLY = {
    "get_ticket",
    "search_tickets",
    "list_tickets",
    "get_ticket_stats",
    "list_integrations",
    "get_active_integrations",
    "get_system_health",
}


async def listed(connect: Connect, token: str) -> list[Tool]:
    """Return what a caller is shown."""
    async with connect(token) as client:
        return (await client.list_tools()).tools


async def names(connect: Connect, token: str) -> list[str]:
    """Return the names of what a caller is shown."""
    return [tool.name for tool in await listed(connect, token)]


async def test_an_admin_is_shown_all_thirteen(connect: Connect, admin: SignedIn) -> None:
    assert await names(connect, admin.token) == ALL
    assert len(ALL) == 13


async def test_a_user_is_not_shown_what_removes_tickets(connect: Connect, user: SignedIn) -> None:
    assert await names(connect, user.token) == [name for name in ALL if name != "delete_ticket"]


async def test_an_api_key_is_shown_what_its_role_may(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    wish = NewApiKey(name="reports", role=Role.USER)
    key = (await desk.desk.identity.add_api_key(admin.who, wish)).key
    assert "delete_ticket" not in await names(connect, key)
    wish = NewApiKey(name="clean up", role=Role.ADMIN)
    key = (await desk.desk.identity.add_api_key(admin.who, wish)).key
    assert await names(connect, key) == ALL


async def test_a_run_is_shown_its_tools_and_those_that_wait_for_a_person(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(
        admin.who, "get_ticket", "search_tickets", needs_approval=frozenset({"delete_ticket"})
    )
    shown = await names(connect, desk.capability(run))
    assert shown == ["get_ticket", "delete_ticket", "search_tickets"]


async def test_a_run_is_shown_nothing_that_its_person_may_not(
    connect: Connect, desk: ToolDesk, user: SignedIn
) -> None:
    run = await desk.run_of(user.who, "get_ticket", "delete_ticket")
    assert await names(connect, desk.capability(run)) == ["get_ticket"]


async def test_a_run_without_tools_is_shown_none(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    assert await names(connect, desk.capability(await desk.run_of(admin.who))) == []


async def test_a_customers_run_is_shown_four_tools_at_most(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    customer = Customer(
        organization_id=admin.who.organization_id,
        customer_id="c-1",
        email="eve@example.com",
        is_verified=True,
    )
    run = await desk.run_of(customer, *ALL)
    assert set(await names(connect, desk.capability(run))) == {
        "create_ticket",
        "get_ticket",
        "search_tickets",
        "list_tickets",
    }


async def test_tools_say_what_they_do_to_the_world(connect: Connect, admin: SignedIn) -> None:
    tools = await listed(connect, admin.token)
    hints = {tool.name: tool.annotations for tool in tools}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == READ_ONLY
    assert {name for name, hint in hints.items() if hint and hint.destructive_hint} == {
        "delete_ticket"
    }
    assert all(hint and hint.open_world_hint is False for hint in hints.values())


async def test_tools_describe_what_they_take_and_give(connect: Connect, admin: SignedIn) -> None:
    for tool in await listed(connect, admin.token):
        assert tool.description, tool.name
        assert tool.input_schema["type"] == "object", tool.name
        assert tool.input_schema["additionalProperties"] is False, tool.name
        assert tool.output_schema, tool.name
        assert tool.output_schema["type"] == "object", tool.name
