"""What breaks the agents' session is mended, and what cannot be is said in time."""

import asyncio
from hashlib import sha256

import pytest

from hexdesk.adapters.tools.mcp_client import McpToolAccess
from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.testing import examples
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.tools.line import Line
from tests.integration.tools.sessions import REST_SECONDS, Now, create


async def test_after_a_cut_the_session_is_opened_anew(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await create(access, capability, "call-1")
    line.cut()
    assert (await create(access, capability, "call-2")).value["number"] == 2


async def test_a_call_whose_answer_was_lost_is_made_again_with_one_effect(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn, capability: str
) -> None:
    await create(access, capability, "call-1")
    line.cut_before_the_answer_to(b"call-2")
    assert (await create(access, capability, "call-2")).value["number"] == 2
    assert len(await desk.tickets(admin.who)) == 2


async def test_a_call_says_to_whoever_stands_between_that_it_may_be_sent_again(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await create(access, capability, "call-1")
    before = line.connections
    key = sha256(b"call-2").hexdigest()
    line.cut_before_the_answer_to(f"Idempotency-Key: call_{key}".encode())
    await create(access, capability, "call-2")
    assert line.connections > before, "the key was not sent"


async def test_a_cut_under_many_calls_harms_none(
    access: McpToolAccess, line: Line, desk: ToolDesk, admin: SignedIn, capability: str
) -> None:
    await create(access, capability)
    calls = [create(access, capability, f"call-{number}") for number in range(20)]
    line.cut_before_the_answer_to(b"call-7")
    answers = await asyncio.gather(*calls)
    assert sorted(answer.value["number"] for answer in answers) == [*range(1, 21)]
    assert len(await desk.tickets(admin.who)) == 20


async def test_a_server_that_is_gone_is_said_to_be_unreachable(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await line.down()
    with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
        await create(access, capability)


async def test_a_server_that_comes_back_is_used_again(
    access: McpToolAccess, line: Line, capability: str
) -> None:
    await create(access, capability, "call-1")
    await line.down()
    with pytest.raises(ToolsUnavailableError):
        await create(access, capability, "call-2")
    await line.up()
    assert (await create(access, capability, "call-3")).value["number"] == 2


async def test_a_server_that_keeps_failing_gets_a_rest(
    access: McpToolAccess, line: Line, capability: str, now: Now
) -> None:
    await line.down()
    for _ in range(3):
        with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
            await create(access, capability)
    await line.up()
    with pytest.raises(ToolsUnavailableError, match="gets a rest"):
        await create(access, capability)
    assert line.connections == 0
    now.seconds += REST_SECONDS
    assert (await create(access, capability)).value["number"] == 1
    assert (await create(access, capability, "call-2")).value["number"] == 2


async def test_after_the_rest_one_call_tries_and_the_others_wait_for_it(
    access: McpToolAccess, line: Line, capability: str, now: Now
) -> None:
    await line.down()
    for _ in range(3):
        with pytest.raises(ToolsUnavailableError):
            await create(access, capability)
    now.seconds += REST_SECONDS
    calls = [create(access, capability) for _ in range(4)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error) for error in errors if "reached" in str(error)] == [str(errors[0])]


async def test_a_silent_server_keeps_nobody_longer_than_one_opening(
    impatient: McpToolAccess, line: Line, capability: str
) -> None:
    line.is_mute = True
    calls = [create(impatient, capability) for _ in range(10)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert {str(error) for error in errors} == {"the tool server cannot be reached"}
    assert line.connections == 1


async def test_a_call_that_takes_too_long_ends_alone(
    impatient: McpToolAccess,
    desk: ToolDesk,
    admin: SignedIn,
    capability: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk.storage.transaction(admin.who) as transaction:
        # Whoever writes next must wait for this transaction, and who only reads must not.
        await transaction.tickets.add(examples.a_ticket(admin.who.organization_id))
        with pytest.raises(ToolsUnavailableError, match="cannot be reached"):
            await create(impatient, capability)
        assert (await impatient.call(capability, "call-2", "list_tickets", {})).error is None
    failed = [record.message for record in caplog.records if record.name == "hexdesk.tools"]
    assert failed == ["tool server failed"]  # and not the session
