"""Messages on their way into Slack: each arrives once, or one knows what became of it."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import OutboundMessage, ShownApproval, ShownTicket
from hexdesk.core.ports.channels import Connection
from hexdesk_slack.channel import SlackChannel
from tests.integration.plugins.slack.conftest import Scene
from tests.slack.server import (
    LOST_AFTER,
    LOST_BEFORE,
    TOKEN,
    Behaviour,
    SlackServer,
    limited,
    refused,
)
from tests.slack.workspace import ARCHIVED, CHANNEL, ROOT, TEAM

POST = "chat.postMessage"
LONG = "\n\n".join(f"Paragraph {number}. " + "word " * 180 for number in range(30))


def an_approval(number: int = 1, **arguments: Any) -> ShownApproval:
    given = arguments or {"ticket_id": "7", "reason": "```<!channel> *bold*"}
    return ShownApproval(approval_id=UUID(int=number), tool="delete_ticket", arguments=given)


async def test_an_answer_stands_in_its_thread_with_its_tickets(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    ticket = ShownTicket(number=7, title="Parcel", url="https://desk.example/tickets/7")
    receipt = await channel.deliver(replace(outbound, tickets=(ticket,)), connection)
    [posted] = server.workspace.answers()
    assert posted.text == "It has shipped.\n\n- [#7 Parcel](https://desk.example/tickets/7)"
    assert receipt.message_id == f"{CHANNEL}:{posted.ts}"


async def test_an_answer_calls_nobody(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    await channel.deliver(replace(outbound, text="Hello <!channel> and <@U1>"), connection)
    [posted] = server.workspace.answers()
    assert "<!channel>" not in posted.text
    assert "<@U1>" not in posted.text


async def test_a_long_answer_arrives_whole_in_several_posts(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    receipt = await channel.deliver(replace(outbound, text=LONG), connection)
    posted = server.workspace.answers()
    assert len(posted) == 3
    assert "\n\n".join(one.text for one in posted).split() == LONG.split()
    assert receipt.message_id == f"{CHANNEL}:{posted[-1].ts}"


@pytest.mark.parametrize("trouble", [limited("1"), refused("internal_error"), LOST_AFTER])
async def test_a_long_answer_that_broke_off_goes_on_where_it_did(
    channel: SlackChannel,
    connection: Connection,
    server: SlackServer,
    outbound: OutboundMessage,
    trouble: Behaviour,
) -> None:
    long = replace(outbound, text=LONG)
    well = Behaviour(has_effect=True, body=b'{"ok": true, "ts": "1900000001.000001"}')
    server.next_time(POST, well, trouble)
    with pytest.raises(UnavailableError):
        await channel.deliver(long, connection)
    await channel.deliver(long, connection)
    posted = server.workspace.answers()
    assert "\n\n".join(one.text for one in posted).split() == LONG.split()


async def test_an_approval_is_shown_exactly_and_can_be_decided(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    await channel.deliver(replace(outbound, approvals=(an_approval(),)), connection)
    [posted] = server.workspace.answers()
    markdown, call, buttons = posted.blocks
    assert markdown == {"type": "markdown", "text": "It has shipped."}
    shown = call["elements"][1]["elements"][0]["text"]
    assert '"reason": "```<!channel> *bold*"' in shown
    assert [(one["action_id"], one["value"]) for one in buttons["elements"]] == [
        ("hexdesk_approve", str(UUID(int=1))),
        ("hexdesk_deny", str(UUID(int=1))),
    ]
    assert posted.text == "Waits for approval: delete_ticket"


async def test_many_approvals_and_long_ones_are_all_shown(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    approvals = tuple(an_approval(number, text="x" * 5_000) for number in range(7))
    await channel.deliver(replace(outbound, text="y " * 5_000, approvals=approvals), connection)
    posted = server.workspace.answers()
    asked = [block for one in posted for block in one.blocks if block["type"] == "actions"]
    assert len(asked) == 7
    assert "the rest is shown at the desk" in str(posted[1].blocks)


async def test_a_message_that_shows_nothing_is_undeliverable(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    with pytest.raises(UndeliverableError, match="nothing"):
        await channel.deliver(replace(outbound, text="\n"), connection)
    assert server.called(POST) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("token_revoked", "removed from the workspace"),
        ("account_inactive", "removed from the workspace"),
        ("invalid_auth", "does not take the token"),
        ("channel_not_found", "does not exist"),
        ("is_archived", "archived"),
        ("not_in_channel", "invite it"),
        ("a_new_code", "a_new_code"),
    ],
)
async def test_what_slack_refuses_is_undeliverable_and_says_why(
    scene: Scene, code: str, words: str
) -> None:
    scene.server.next_time(POST, refused(code))
    with pytest.raises(UndeliverableError, match=words):
        await scene.channel.deliver(scene.outbound, scene.connection)


async def test_a_missing_permission_is_named(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    server.next_time(POST, refused("missing_scope", needed="chat:write"))
    with pytest.raises(UndeliverableError, match="chat:write"):
        await channel.deliver(outbound, connection)


async def test_a_removed_app_is_told_of_by_the_message_and_by_the_check(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    server.revoked.add(TOKEN)
    with pytest.raises(UndeliverableError, match="install it again"):
        await channel.deliver(outbound, connection)
    with pytest.raises(UndeliverableError, match="install it again"):
        await channel.check(connection)


async def test_an_archived_channel_takes_nothing(
    channel: SlackChannel, connection: Connection, outbound: OutboundMessage
) -> None:
    there = replace(outbound, conversation_key=f"{TEAM}:{ARCHIVED}:{ROOT}")
    with pytest.raises(UndeliverableError, match="archived"):
        await channel.deliver(there, connection)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), (None, 30), ("soon", 30), ("9" * 400, 3600)]
)
async def test_a_limit_is_waited_for_as_long_as_slack_says(
    scene: Scene, header: str | None, seconds: int
) -> None:
    scene.server.next_time(POST, limited(header))
    with pytest.raises(RetryAfterError) as raised:
        await scene.channel.deliver(scene.outbound, scene.connection)
    assert raised.value.retry_after == seconds
    assert len(scene.server.called(POST)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        LOST_BEFORE,
        LOST_AFTER,
        refused("fatal_error"),
        refused("internal_error"),
        Behaviour(status=500, body=b"oops", content_type="text/plain"),
        Behaviour(status=502, body=b"<html>", content_type="text/html"),
        Behaviour(status=502, body=b"{", content_type="application/json"),
        Behaviour(status=200, body=b"fine", content_type="text/plain"),
        Behaviour(status=200, body=b"<html>", content_type="text/html"),
        Behaviour(status=200, body=b"[1]", content_type="application/json"),
        Behaviour(status=200, body=b"{", content_type="application/json"),
    ],
)
async def test_what_may_have_arrived_is_sent_once_and_its_outcome_unknown(
    channel: SlackChannel,
    connection: Connection,
    server: SlackServer,
    outbound: OutboundMessage,
    trouble: Behaviour,
) -> None:
    server.next_time(POST, trouble)
    with pytest.raises(OutcomeUnknownError):
        await channel.deliver(outbound, connection)
    assert len(server.called(POST)) == 1


@pytest.mark.parametrize(
    "trouble",
    [refused("service_unavailable"), Behaviour(status=503, body=b"", content_type="text/html")],
)
async def test_where_slack_is_not_available_nothing_was_sent(
    channel: SlackChannel,
    connection: Connection,
    server: SlackServer,
    outbound: OutboundMessage,
    trouble: Behaviour,
) -> None:
    server.next_time(POST, trouble)
    with pytest.raises(UnavailableError) as raised:
        await channel.deliver(outbound, connection)
    assert not isinstance(raised.value, OutcomeUnknownError)


@pytest.mark.parametrize("key", ["conversation-1", f"T2:{CHANNEL}:{ROOT}"])
async def test_a_conversation_of_elsewhere_is_undeliverable(
    channel: SlackChannel, connection: Connection, outbound: OutboundMessage, key: str
) -> None:
    with pytest.raises(UndeliverableError):
        await channel.deliver(replace(outbound, conversation_key=key), connection)
