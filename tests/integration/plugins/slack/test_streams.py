"""Answers that are shown while they are made: whatever breaks, the whole arrives once."""

from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    OutcomeUnknownError,
    ThreadTakenOverError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import OutboundMessage
from hexdesk.core.ports.channels import Connection
from hexdesk_slack.channel import SlackChannel
from tests.integration.plugins.slack.conftest import Scene
from tests.slack.server import (
    LOST_AFTER,
    LOST_BEFORE,
    Behaviour,
    SlackServer,
    limited,
    refused,
)
from tests.slack.workspace import CHANNEL, ROOT, TEAM

START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
WORDS = tuple(f"word {number} of the answer. " for number in range(60))
WHOLE = "".join(WORDS)
NOT_NOW = limited("0")


async def said(*parts: str) -> AsyncGenerator[str]:
    for part in parts:
        yield part


@pytest.fixture
def empty(outbound: OutboundMessage) -> OutboundMessage:
    return replace(outbound, text="")


def shown(server: SlackServer, channel: str = CHANNEL) -> list[str]:
    return [one.text.strip() for one in server.workspace.answers(channel)]


async def test_an_answer_is_shown_as_it_comes(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    async def heard() -> AsyncGenerator[str]:
        for word in WORDS:
            yield word
        # The answer is not yet whole, and much of it can be read.
        [posted] = server.workspace.answers()
        assert posted.is_streaming
        assert len(posted.text) > 1_000

    receipt = await channel.stream(empty, heard(), connection)
    [posted] = server.workspace.answers()
    assert (posted.text, posted.is_streaming) == (WHOLE, False)
    assert receipt.message_id == f"{CHANNEL}:{posted.ts}"
    [started] = server.called(START)
    assert (started["recipient_team_id"], started["recipient_user_id"]) == (TEAM, "U1")
    assert server.called("chat.postMessage") == []


async def test_a_streamed_answer_is_found_again(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    receipt = await channel.stream(empty, said(*WORDS), connection)
    assert await channel.look_up(replace(empty, text=WHOLE), connection) == receipt
    assert shown(server) == [WHOLE.strip()]


async def test_a_short_answer_is_one_post(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    await channel.stream(empty, said("It has ", "shipped."), connection)
    assert shown(server) == ["It has shipped."]
    assert server.called(START) == []


async def test_a_stream_calls_nobody_wherever_it_is_cut(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    letters = ("x" * 300 + "<!channel> and <@U1>" + "y" * 300).__iter__()
    await channel.stream(empty, said(*letters), connection)
    [text] = shown(server)
    assert "<!channel>" not in text
    assert "<@U1>" not in text


async def test_a_workspace_without_streams_gets_a_post(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    server.workspace.streams = False
    await channel.stream(empty, said(*WORDS), connection)
    assert shown(server) == [WHOLE.strip()]


async def test_nobody_is_streamed_to_where_nobody_is_known(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    await channel.stream(replace(empty, recipient=None, hints={}), said(*WORDS), connection)
    assert shown(server) == [WHOLE.strip()]


async def test_somebody_of_another_company_is_streamed_to_in_their_workspace(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    shared = replace(empty, recipient=None, hints={"user": "U7", "team": "T0THER"})
    await channel.stream(shared, said(*WORDS), connection)
    [started] = server.called(START)
    assert (started["recipient_team_id"], started["recipient_user_id"]) == ("T0THER", "U7")


@pytest.mark.parametrize("method", [START, APPEND, STOP])
@pytest.mark.parametrize(
    "trouble",
    [
        NOT_NOW,
        LOST_AFTER,
        LOST_BEFORE,
        refused("internal_error"),
        refused("message_not_in_streaming_state"),
        refused("msg_too_long"),
        Behaviour(status=503),
    ],
)
async def test_whatever_breaks_the_whole_arrives_once(
    scene: Scene, method: str, trouble: Behaviour
) -> None:
    empty = replace(scene.outbound, text="")
    scene.server.next_time(method, trouble)
    receipt = await scene.channel.stream(empty, said(*WORDS), scene.connection)
    assert shown(scene.server) == [WHOLE.strip()]
    [posted] = scene.server.workspace.answers()
    assert not posted.is_streaming
    assert await scene.channel.look_up(replace(empty, text=WHOLE), scene.connection) == receipt


async def test_a_stream_that_slack_has_ended_is_finished_as_a_message(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    async def slow() -> AsyncGenerator[str]:
        for number, word in enumerate(WORDS):
            if number == 30:
                server.workspace.answers()[0].is_streaming = False
            yield word

    await channel.stream(empty, slow(), connection)
    assert shown(server) == [WHOLE.strip()]
    assert len(server.called(APPEND)) < 5


async def test_an_answer_that_is_too_long_for_a_stream_goes_on_in_posts(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    paragraphs = [f"Paragraph {number}. {'word ' * 100}\n\n" for number in range(60)]
    await channel.stream(empty, said(*paragraphs), connection)
    texts = shown(server)
    assert len(texts) == 3
    assert "\n\n".join(texts).split() == "".join(paragraphs).split()


async def test_a_beginning_that_may_not_be_changed_is_followed_by_the_whole(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    server.next_time(APPEND, refused("internal_error"))
    server.next_time("chat.update", refused("cant_update_message"))
    await channel.stream(empty, said(*WORDS), connection)
    assert shown(server)[-1] == WHOLE.strip()


async def test_a_limit_on_the_way_delays_and_loses_nothing(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    server.next_time(APPEND, limited("1"))
    await channel.stream(empty, said(*WORDS), connection)
    assert shown(server) == [WHOLE.strip()]
    assert server.called("chat.update") == []


async def test_what_nobody_stands_by_is_taken_back(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    async def taken_over() -> AsyncGenerator[str]:
        for word in WORDS:
            yield word
        raise ThreadTakenOverError("a person has taken over")

    with pytest.raises(ThreadTakenOverError):
        await channel.stream(empty, taken_over(), connection)
    assert shown(server) == []


async def test_what_broke_before_a_word_leaves_no_trace(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    async def broken() -> AsyncGenerator[str]:
        yield "a few words"
        raise UnavailableError("no model")

    with pytest.raises(UnavailableError):
        await channel.stream(empty, broken(), connection)
    assert server.called("chat.postMessage") == []


async def test_an_answer_without_a_word_is_undeliverable(
    channel: SlackChannel, connection: Connection, empty: OutboundMessage
) -> None:
    with pytest.raises(UndeliverableError):
        await channel.stream(empty, said(), connection)


async def test_a_stream_that_was_left_alone_is_completed_when_it_is_looked_up(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    # The process died on the way: nobody has ended the stream.
    server.workspace.start(
        {
            "channel": CHANNEL,
            "thread_ts": ROOT,
            "recipient_team_id": TEAM,
            "recipient_user_id": "U1",
            "chunks": [{"text": "word 0"}],
        }
    )
    with pytest.raises(OutcomeUnknownError, match="rest is lost"):
        await channel.look_up(empty, connection)
    receipt = await channel.look_up(replace(empty, text=WHOLE), connection)
    assert receipt is not None
    assert shown(server) == [WHOLE.strip()]


@pytest.mark.parametrize("trouble", [limited(), LOST_BEFORE, LOST_AFTER])
async def test_a_stream_of_which_the_end_is_lost_is_an_unknown_outcome_until_it_is_looked_up(
    scene: Scene, trouble: Behaviour, empty: OutboundMessage
) -> None:
    channel, connection, server = scene.channel, scene.connection, scene.server
    server.next_time(APPEND, refused("internal_error"))
    server.next_time("chat.update", trouble)
    with pytest.raises(OutcomeUnknownError):
        await channel.stream(empty, said(*WORDS), connection)
    assert await channel.look_up(replace(empty, text=WHOLE), connection) is not None
    assert shown(server) == [WHOLE.strip()]


async def test_a_removed_app_streams_nothing_and_says_so(
    channel: SlackChannel, connection: Connection, server: SlackServer, empty: OutboundMessage
) -> None:
    server.revoked |= server.tokens
    with pytest.raises(UndeliverableError, match="install it again"):
        await channel.stream(empty, said(*WORDS), connection)


async def test_a_stream_is_closed_where_the_conversation_is_elsewhere(
    channel: SlackChannel, connection: Connection, empty: OutboundMessage
) -> None:
    parts = said("a")
    with pytest.raises(UndeliverableError):
        await channel.stream(replace(empty, conversation_key="x"), parts, connection)
    with pytest.raises(StopAsyncIteration):
        await anext(parts)
