"""Doing a run: what the model is given, and what is made of what it says."""

import msgspec
import pytest

from hexdesk.core.model.agents import NewAgent
from hexdesk.core.model.chat import (
    ChatResponse,
    MessageRole,
    Turn,
    Usage,
)
from hexdesk.core.ports.agents import AnswerFinished, TextDelta
from hexdesk.core.testing import saying
from tests.unit.core.asking import ask, asked, content, events_of
from tests.unit.core.scenes import Scene, text_of
from tests.unit.core.scripts import DONE, finished, started


async def test_the_model_is_given_the_agent_the_conversation_and_the_message() -> None:
    scene = Scene.of(saying("Since when?"), saying("I see."))
    who = await scene.founder()
    agent = await scene.desk.agents.add(who, NewAgent(name="Zoe", temperature=1))
    thread = await scene.thread(who, agent_id=agent.id)
    await scene.ask(who, thread, "My login fails.")
    await scene.ask(who, thread, "Since today.")
    request = scene.runner.requests[1]
    assert request.content == "Since today."
    assert request.history == (
        Turn(MessageRole.USER, "My login fails."),
        Turn(MessageRole.ASSISTANT, "Since when?"),
    )
    assert request.instructions.startswith("You are Zoe, Customer support agent")
    assert (request.agent_id, request.settings.temperature) == (agent.id, 1)
    assert request.inherits_model
    assert request.steps is None


async def test_the_answer_is_the_concatenation_of_its_deltas() -> None:
    script = (TextDelta("Hel"), TextDelta("lo, "), started(), finished(), TextDelta("Ada!"), DONE)
    scene, who, response = await asked(script)
    assert content(response) == "Hello, Ada!"
    events = await events_of(scene, who, response)
    assert text_of(events) == "Hello, Ada!"
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events] == [
        "run.started", "text.delta", "tool.started", "tool.finished", "text.delta",
        "run.completed",
    ]  # fmt: skip
    assert msgspec.json.decode(events[-1].data, type=ChatResponse) == response


async def test_the_first_event_names_run_and_thread() -> None:
    scene, who, response = await asked(saying("Hello!"))
    first = (await events_of(scene, who, response))[0]
    assert msgspec.json.decode(first.data) == {
        "run_id": str(response.run_id), "thread_id": str(response.thread_id),
    }  # fmt: skip


async def test_the_answer_tells_its_model_its_cost_and_its_confidence() -> None:
    usage = Usage(input_tokens=100, output_tokens=20, requests=2)
    end = AnswerFinished(model="openai:gpt-4o-mini", usage=usage, confidence=0.75)
    scene, who, response = await asked((TextDelta("Yes."), end))
    assert (response.model, response.usage) == ("openai:gpt-4o-mini", usage)
    assert response.message
    assert response.message.confidence_score == 0.75
    assert [one.response for one in scene.telemetry.answers] == [response]
    thread = await scene.desk.chat.get_thread(who, response.thread_id)
    assert scene.telemetry.answers[0].agent_id == thread.agent_id


async def test_no_confidence_is_made_up() -> None:
    _, _, response = await asked(saying("Yes."))
    assert response.message
    assert response.message.confidence_score is None


async def test_the_time_of_an_answer_counts_from_its_arrival() -> None:
    scene = Scene.of()
    who = await scene.founder()

    async def think() -> None:
        scene.clock.advance(1.5)

    scene.runner.scripts.append((think, *saying("Hello!")))
    assert (await ask(scene, who)).response_time_ms == 1500


@pytest.mark.parametrize("use_streaming", [True, False])
@pytest.mark.parametrize("is_followed", [True, False])
async def test_the_model_streams_where_the_settings_want_it_and_somebody_follows(
    *, use_streaming: bool, is_followed: bool
) -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    agent = await scene.desk.agents.add(who, NewAgent(use_streaming=use_streaming))
    thread = await scene.thread(who, agent_id=agent.id)
    send = scene.desk.chat.send_message
    await scene.settle(await send(who, thread.id, "Hello?", is_followed=is_followed))
    assert scene.runner.requests[0].streams == (use_streaming and is_followed)
