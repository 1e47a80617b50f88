"""The demo organization: made once, whatever the first start met."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.core.model.principals import Origin
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.testing import examples
from hexdesk.entrypoints.demo import EMAIL, TICKETS, TOOLS, ensure_demo
from hexdesk.entrypoints.demo_access import DemoAccess, keep_demo_access, read_demo_access
from tests.integration.desk_with_tools import SignedIn, ToolDesk, tool_desk


@pytest.fixture
async def house() -> AsyncGenerator[ToolDesk]:
    async with tool_desk() as desk:
        yield desk


async def test_the_first_start_makes_an_organization_with_tickets(
    house: ToolDesk, tmp_path: Path
) -> None:
    made = await ensure_demo(house.desk, tmp_path)

    assert made
    access, is_new = made
    admin = await signed_in(house, access)
    tickets = await house.desk.tickets.list(admin.who, TicketFilter(), examples.ALL)
    [agent] = (await house.desk.agents.list(admin.who, examples.ALL)).data
    assert is_new
    assert {one.title for one in tickets.data} == {wish.title for wish, _ in TICKETS}
    assert agent.tools_enabled == TOOLS


async def test_the_next_start_finds_it_again(house: ToolDesk, tmp_path: Path) -> None:
    first = await ensure_demo(house.desk, tmp_path)
    second = await ensure_demo(house.desk, tmp_path)

    assert first
    assert second == (first[0], False)
    admin = await signed_in(house, first[0])
    assert len(await house.tickets(admin.who)) == len(TICKETS)


async def test_a_start_that_was_killed_before_the_organization_was_made_is_made_up_for(
    house: ToolDesk, tmp_path: Path
) -> None:
    kept = DemoAccess(email=EMAIL, password="kept before the kill")
    keep_demo_access(kept, tmp_path)

    made = await ensure_demo(house.desk, tmp_path)

    assert made == (kept, True)
    await signed_in(house, kept)


async def test_a_password_that_is_kept_nowhere_is_not_told(house: ToolDesk, tmp_path: Path) -> None:
    await ensure_demo(house.desk, tmp_path)
    (tmp_path / "demo.json").unlink()

    assert await ensure_demo(house.desk, tmp_path) is None
    assert read_demo_access(tmp_path) is None


async def signed_in(house: ToolDesk, access: DemoAccess) -> SignedIn:
    tokens, _ = await house.desk.identity.sign_in(access.email, access.password, Origin())
    who = await house.desk.identity.authenticate(tokens.access_token, Origin())
    return SignedIn(who=who, token=tokens.access_token)
