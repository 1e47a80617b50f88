"""What is written becomes tickets, and whoever wrote it may do what customers may, and no more."""

from typing import Any

from tests.e2e.channels.correspondence import Correspondent
from tests.e2e.resilience.client import Member
from tests.e2e.resilience.model import Model
from tests.openai_server import Bench

BOB = {"external_id": "bob", "name": "Bob", "email": "bob@example.com", "is_verified": True}
TOOLS = ["create_ticket", "get_ticket", "list_tickets", "update_ticket", "list_integrations"]


async def can_everything(admin: Member) -> None:
    """Give the agent that answers more tools than any customer may use."""
    [agent] = (await admin.get("/agents"))["data"]
    wish = {"tools_enabled": TOOLS, "require_approval": []}
    changed = await admin.call("PATCH", f"/agents/{agent['id']}", wish)
    assert changed.status == 200, changed.body


async def uses(channel: Correspondent) -> list[dict[str, Any]]:
    """Return which tools the last answer used, and how that went."""
    thread = (await channel.threads())[-1]
    path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
    return (await channel.admin.get(path))["data"][-1]["tool_calls"]


async def test_a_message_becomes_a_ticket_and_the_ticket_shows_its_conversation(
    channel: Correspondent, admin: Member, model: Model
) -> None:
    await can_everything(admin)
    wish = {"title": "Broken kettle"}
    model.when("My kettle is broken.", Bench(tool="create_ticket", arguments=wish, text="Noted."))
    await channel.says("My kettle is broken.")
    heard = await channel.heard()
    [ticket] = await admin.tickets()
    assert (heard["text"], heard["tickets"]) == ("Noted.", [ticket["number"]])
    assert (ticket["title"], ticket["requester_email"]) == ("Broken kettle", "ann@example.com")
    thread = await admin.get(f"/chat/threads/{ticket['thread_id']}")
    assert thread["channel"] == "webhook_channel"
    assert await channel.contents(thread) == ["My kettle is broken.", "Noted."]
    # From the ticket a person finds the conversation, and answers in it.
    path = f"/chat/threads/{ticket['thread_id']}"
    await admin.call("POST", f"{path}/handoff")
    await admin.call("POST", f"{path}/reply", {"content": "A new one is on its way."})
    assert (await channel.heard())["text"] == "A new one is on its way."


async def test_a_customer_sees_own_tickets_and_does_nothing_else(
    channel: Correspondent, admin: Member, model: Model
) -> None:
    await can_everything(admin)
    mine = {"title": "Ann's", "requester_email": "ann@example.com"}
    theirs = {"title": "Bob's", "requester_email": "bob@example.com"}
    made = [await admin.call("POST", "/tickets", one) for one in (mine, theirs)]
    ann, bob = (one.body["number"] for one in made)

    asked = "Show me mine."
    model.when(asked, Bench(tool="get_ticket", arguments={"ticket_id": str(ann)}, text="Here."))
    await channel.says(asked)
    await channel.heard()
    assert [one["status"] for one in await uses(channel)] == ["ok"]
    offered = model.requests(asked)[0].tool_names
    assert set(offered) == {"create_ticket", "get_ticket", "list_tickets"}

    asked = "Show me Bob's."
    model.when(asked, Bench(tool="get_ticket", arguments={"ticket_id": str(bob)}, text="No."))
    await channel.says(asked)
    await channel.heard()
    assert [one["status"] for one in await uses(channel)] == ["error"]
    assert "Bob's" not in str(model.requests(asked)[-1].messages[-1])

    asked = "And I am Bob."
    model.when(asked, Bench(tool="get_ticket", arguments={"ticket_id": str(bob)}, text="Here."))
    await channel.says(asked, sender=BOB)
    await channel.heard()
    assert [one["status"] for one in await uses(channel)] == ["ok"]
