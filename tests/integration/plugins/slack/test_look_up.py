"""What became of a message whose outcome nobody knows."""

from dataclasses import replace as exchanged
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import OutcomeUnknownError
from hexdesk.core.model.channels import OutboundMessage
from hexdesk.core.ports.channels import Connection
from hexdesk_slack.channel import SlackChannel
from tests.slack.server import LOST_AFTER, LOST_BEFORE, SlackServer
from tests.slack.workspace import CHANNEL, ROOT

POST = "chat.postMessage"


async def test_a_message_that_has_arrived_is_found(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    await channel.deliver(replace(outbound, id=UUID(int=5), text="Another."), connection)
    server.next_time(POST, LOST_AFTER)
    with pytest.raises(OutcomeUnknownError):
        await channel.deliver(outbound, connection)
    receipt = await channel.look_up(outbound, connection)
    assert receipt is not None
    assert receipt.message_id == f"{CHANNEL}:{server.workspace.answers()[-1].ts}"
    assert len(server.workspace.answers()) == 2


async def test_a_message_that_has_not_arrived_is_known_not_to_have(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    await channel.deliver(replace(outbound, id=UUID(int=5)), connection)
    server.next_time(POST, LOST_BEFORE)
    with pytest.raises(OutcomeUnknownError):
        await channel.deliver(outbound, connection)
    assert await channel.look_up(outbound, connection) is None


async def test_a_message_is_found_on_later_pages(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    server.workspace.page = 1
    for number in range(4):
        await channel.deliver(replace(outbound, id=UUID(int=number)), connection)
    assert await channel.look_up(replace(outbound, id=UUID(int=3)), connection) is not None


async def test_in_a_thread_without_end_the_outcome_stays_unknown(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    server.workspace.page = 1
    for number in range(12):
        server.workspace.post(
            {"channel": CHANNEL, "thread_ts": ROOT, "text": f"{number}"}, user="U1"
        )
    with pytest.raises(OutcomeUnknownError, match="too long"):
        await channel.look_up(outbound, connection)


async def test_what_somebody_else_posted_is_not_taken_for_the_message(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    forged = {
        "channel": CHANNEL,
        "thread_ts": ROOT,
        "text": "It has not shipped.",
        "metadata": {
            "event_type": "hexdesk_message",
            "event_payload": {"id": str(outbound.id), "part": 0},
        },
    }
    server.workspace.post(forged, user="U0THER")
    assert await channel.look_up(outbound, connection) is None


async def test_what_the_app_posted_by_other_means_leaves_the_outcome_unknown(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    posted = server.workspace.post({"channel": CHANNEL, "thread_ts": ROOT, "text": "An alarm."})
    with pytest.raises(OutcomeUnknownError):
        await channel.look_up(outbound, connection)
    assert posted.text == "An alarm."


async def test_without_the_name_of_the_app_any_bot_may_have_been_it(
    channel: SlackChannel, connection: Connection, server: SlackServer, outbound: OutboundMessage
) -> None:
    unnamed = exchanged(connection, config=replace(connection.config, bot_user_id=None))
    await channel.deliver(outbound, unnamed)
    assert await channel.look_up(outbound, unnamed) is not None
