"""What the assistant's pane shows beside answers, and that no answer depends on it."""

from collections.abc import AsyncGenerator
from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from hexdesk.core.model.channels import OutboundMessage
from hexdesk_slack.configuration import SlackConfig
from tests.integration.plugins.slack.conftest import Scene
from tests.slack.server import LOST_BEFORE, TOKEN, Behaviour, limited, refused
from tests.slack.workspace import APP, DIRECT, ROOT, TEAM

PROMPTS = ("How are my tickets doing?", "I need help with " + "something " * 10)


async def said(*parts: str) -> AsyncGenerator[str]:
    for part in parts:
        yield part


@pytest.fixture
def direct(outbound: OutboundMessage) -> OutboundMessage:
    return replace(outbound, conversation_key=f"{TEAM}:{DIRECT}:{ROOT}")


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """A workspace whose company has questions to suggest."""
    config = SlackConfig(team_id=TEAM, bot_token=TOKEN, bot_user_id=APP, suggested_prompts=PROMPTS)
    return changed(scene, connection=changed(scene.connection, config=config))


async def test_a_direct_answer_names_the_conversation_and_suggests_what_to_ask(
    scene: Scene, direct: OutboundMessage
) -> None:
    await scene.channel.deliver(direct, scene.connection)
    assert scene.server.called("assistant.threads.setTitle") == [
        {"channel_id": DIRECT, "thread_ts": ROOT, "title": direct.subject}
    ]
    [suggested] = scene.server.called("assistant.threads.setSuggestedPrompts")
    assert [one["message"] for one in suggested["prompts"]] == list(PROMPTS)
    assert all(len(one["title"]) <= 60 for one in suggested["prompts"])


async def test_a_streamed_answer_shows_that_it_is_being_made_and_then_the_same(
    scene: Scene, direct: OutboundMessage
) -> None:
    await scene.channel.stream(replace(direct, text=""), said("It has shipped."), scene.connection)
    names = [name for name, _ in scene.server.workspace.assistant]
    assert names == ["setStatus", "setTitle", "setSuggestedPrompts"]
    assert scene.server.workspace.assistant[0] == ("setStatus", "is thinking…")
    assert [name for name, _ in scene.server.calls][:2] == [
        "assistant.threads.setStatus",
        "chat.postMessage",
    ]


async def test_in_channels_nothing_is_named_or_suggested(scene: Scene) -> None:
    await scene.channel.deliver(scene.outbound, scene.connection)
    assert scene.server.workspace.assistant == []


async def test_a_conversation_without_a_name_gets_none(
    scene: Scene, direct: OutboundMessage
) -> None:
    await scene.channel.deliver(replace(direct, subject=None), scene.connection)
    assert [name for name, _ in scene.server.workspace.assistant] == ["setSuggestedPrompts"]


@pytest.mark.parametrize("trouble", [refused("missing_scope"), limited(), LOST_BEFORE])
async def test_what_goes_wrong_beside_an_answer_is_no_fault_of_the_answers(
    scene: Scene, direct: OutboundMessage, trouble: Behaviour
) -> None:
    for method in ("setStatus", "setTitle", "setSuggestedPrompts"):
        scene.server.always[f"assistant.threads.{method}"] = trouble
    receipt = await scene.channel.deliver(direct, scene.connection)
    [posted] = scene.server.workspace.answers(DIRECT)
    assert receipt.message_id == f"{DIRECT}:{posted.ts}"
