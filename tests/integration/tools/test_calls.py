"""Calls do what the API does, say in words what is wrong, and have one effect each."""

import asyncio
import json
from typing import Any

import pytest
from mcp.types import CallToolResult

from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import examples
from tests.integration.desk_with_tools import SignedIn, ToolDesk, tool_desk
from tests.integration.mcp_clients import Connect, call, in_process, words


def content(result: CallToolResult) -> dict[str, Any]:
    """Return the result's value, which is there as JSON and as text."""
    assert not result.is_error, words(result)
    assert result.structured_content is not None
    assert json.loads(words(result)) == result.structured_content
    return result.structured_content


async def test_ticket_tools_answer_as_their_schemas_say(connect: Connect, admin: SignedIn) -> None:
    async with connect(admin.token) as client:
        # The client checks each result against the tool's schema, as far as it has listed them.
        await client.list_tools()
        made = content(await call(client, "create_ticket", {"title": "Login fails"}))
        ticket = {"ticket_id": made["id"]}
        read = content(await call(client, "get_ticket", {"ticket_id": made["number"]}))
        changed = content(await call(client, "update_ticket", ticket | {"priority": "high"}))
        moved = content(await call(client, "update_ticket_status", ticket | {"status": "waiting"}))
        person = {"assignee_id": str(admin.who.user_id)}
        given = content(await call(client, "assign_ticket", ticket | person))
        removed = content(await call(client, "delete_ticket", {"ticket_id": "#1"}))
    assert read == made
    assert (changed["priority"], changed["title"]) == ("high", "Login fails")
    assert moved["status"] == "waiting"
    assert given["assignee_id"] == str(admin.who.user_id)
    assert removed == {"id": made["id"], "number": 1, "deleted": True}


async def test_tools_that_look_around_answer_as_their_schemas_say(
    connect: Connect, admin: SignedIn
) -> None:
    async with connect(admin.token) as client:
        await client.list_tools()
        drawn = content(await call(client, "create_ticket_with_ai", {"text": "No sound.\nHelp!"}))
        found = content(await call(client, "search_tickets", {"query": "sound"}))
        listed = content(await call(client, "list_tickets", {"limit": 1}))
        stats = content(await call(client, "get_ticket_stats", {}))
        connected = content(await call(client, "list_integrations", {}))
        active = content(await call(client, "get_active_integrations", {}))
        health = content(await call(client, "get_system_health", {}))
    assert (drawn["title"], drawn["degraded"]) == ("No sound.", True)
    assert [ticket["id"] for ticket in found["data"]] == [drawn["id"]]
    assert (listed["total"], listed["limit"], len(listed["data"])) == (1, 1, 1)
    assert stats["by_status"]["open"] == 1
    assert connected["total"] == active["total"] == 0
    assert health["status"] == "ok"


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("create_ticket", {}, "title"),
        ("create_ticket", {"title": 7}, "title"),
        ("create_ticket", {"title": ""}, "title"),
        ("create_ticket", {"title": "x", "colour": "red"}, "colour"),
        ("create_ticket", {"title": "x", "priority": "soon"}, "priority"),
        ("get_ticket", {"ticket_id": "the first"}, "ticket_id"),
        ("get_ticket", {"ticket_id": 99}, "no ticket 99"),
        ("list_tickets", {"limit": 201}, "limit"),
        ("update_ticket_status", {"ticket_id": 1, "status": "gone"}, "status"),
    ],
)
async def test_what_is_wrong_with_a_call_is_said_in_words(
    desk: ToolDesk, admin: SignedIn, name: str, arguments: dict[str, object], reason: str
) -> None:
    run = await desk.run_of(admin.who, name)
    async with in_process(desk, desk.capability(run)) as client:
        result = await call(client, name, arguments, "call-1")
    assert result.is_error
    assert reason in words(result)
    assert await desk.tickets(admin.who) == ()
    assert await desk.refusals(admin) == ()


async def test_a_repeated_call_of_a_run_returns_the_first_result(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "create_ticket")
    async with connect(desk.capability(run)) as client:
        first = content(await call(client, "create_ticket", {"title": "Login fails"}, "call-1"))
        again = content(await call(client, "create_ticket", {"title": "Login fails"}, "call-1"))
        other = content(await call(client, "create_ticket", {"title": "Login fails"}, "call-2"))
    assert again == first
    assert other["number"] == 2
    assert len(await desk.tickets(admin.who)) == 2


async def test_repeats_at_the_same_time_have_one_effect(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "create_ticket")
    async with connect(desk.capability(run)) as client:
        calls = [call(client, "create_ticket", {"title": "Login"}, "call-1") for _ in range(8)]
        results = [content(result) for result in await asyncio.gather(*calls)]
    assert all(result == results[0] for result in results)
    assert len(await desk.tickets(admin.who)) == 1


async def test_a_repeat_after_a_failure_is_made_anew(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "get_ticket", "update_ticket")
    change: dict[str, object] = {"ticket_id": 1, "title": "Login works again"}
    async with connect(desk.capability(run)) as client:
        assert (await call(client, "update_ticket", change, "call-1")).is_error
        await desk.add_ticket(admin.who)
        assert content(await call(client, "update_ticket", change, "call-1"))["version"] == 2


async def test_call_ids_of_two_runs_have_nothing_to_do_with_each_other(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    for _ in range(2):
        run = await desk.run_of(admin.who, "create_ticket")
        async with connect(desk.capability(run)) as client:
            content(await call(client, "create_ticket", {"title": "Login fails"}, "call-1"))
    assert len(await desk.tickets(admin.who)) == 2


async def test_what_a_run_creates_says_so(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "create_ticket")
    async with connect(desk.capability(run)) as client:
        made = content(await call(client, "create_ticket", {"title": "Login fails"}, "call-1"))
    assert (made["source"], made["thread_id"]) == ("agent", str(run.thread_id))


async def test_a_tool_that_takes_too_long_is_ended() -> None:
    async with tool_desk(settings=DeskSettings(tool_timeout_seconds=0.05)) as desk:
        admin = await desk.register()
        run = await desk.run_of(admin.who, "create_ticket")
        async with desk.storage.transaction(admin.who) as transaction:
            # Whoever writes next must wait for this transaction.
            await transaction.tickets.add(examples.a_ticket(admin.who.organization_id))
            async with in_process(desk, desk.capability(run)) as client:
                writing = asyncio.create_task(call(client, "create_ticket", {"title": "x"}))
                result = await asyncio.wait_for(writing, 2)
        assert words(result) == "create_ticket did not answer within 0.05 s"
        assert len(await desk.tickets(admin.who)) == 1


async def test_a_tool_says_so_while_storage_is_gone(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    run = await desk.run_of(admin.who, "create_ticket")
    async with connect(desk.capability(run)) as client:
        desk.storage.is_down = True
        result = await call(client, "create_ticket", {"title": "x"}, "call-1")
    assert words(result) == "create_ticket is temporarily unavailable"


async def test_every_way_to_the_server_gives_the_same_answers(
    connect: Connect, desk: ToolDesk, admin: SignedIn
) -> None:
    ticket = await desk.add_ticket(admin.who)
    run = await desk.run_of(admin.who, "get_ticket", "list_tickets")
    async with in_process(desk, desk.capability(run)) as client:
        expected = [await call(client, *one) for one in CALLS]
        shown = (await client.list_tools()).tools
    async with connect(desk.capability(run)) as client:
        answers = [await call(client, *one) for one in CALLS]
        assert (await client.list_tools()).tools == shown
    assert [one.content for one in answers] == [one.content for one in expected]
    assert [one.is_error for one in answers] == [one.is_error for one in expected]
    assert [one.structured_content for one in answers] == [
        one.structured_content for one in expected
    ]
    assert ticket.title in words(answers[0])


CALLS: tuple[tuple[str, dict[str, object]], ...] = (
    ("get_ticket", {"ticket_id": 1}),
    ("get_ticket", {"ticket_id": 2}),
    ("get_ticket", {"number": 1}),
    ("list_tickets", {}),
    ("delete_ticket", {"ticket_id": 1}),
    ("drop_database", {}),
)
