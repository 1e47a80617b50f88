"""Doing a run: what the model is given, and what is made of what it says."""

import logging
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, StorageUnavailableError
from hexdesk.core.model.agents import AgentChange, NewAgent, ToolUse, ToolUseStatus
from hexdesk.core.model.chat import (
    ChatResponse,
    DegradedReason,
    Message,
    MessageRole,
    Run,
    Thread,
    Turn,
    Usage,
)
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.policy.words import NOTICES
from hexdesk.core.ports.agents import AnswerFinished, TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import ALL
from tests.unit.core.scenes import Scene, customer_of, text_of
from tests.unit.core.scripts import DONE, Gate, degraded, finished, started, step


async def ask(scene: Scene, who: Member, **settings: Any) -> ChatResponse:
    """Ask an agent with these settings."""
    agent = await scene.desk.agents.add(who, NewAgent(**settings))
    return await scene.ask(who, await scene.thread(who, agent_id=agent.id))


async def events_of(scene: Scene, who: Person, response: ChatResponse) -> list[Any]:
    run = await scene.stored_run(who, response.run_id)
    return await scene.follow(who, run)


async def asked(*scripts: Script, **settings: Any) -> tuple[Scene, Member, ChatResponse]:
    """Return a scene in which an agent with these settings was asked once."""
    scene = Scene.of(*scripts)
    who = await scene.founder()
    return scene, who, await ask(scene, who, **settings)


def content(response: ChatResponse) -> str:
    assert response.message
    return response.message.content


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


async def test_tool_calls_are_in_the_answer_the_message_and_the_agents_record() -> None:
    calls = (
        started("a", "create_ticket", {"title": "Login", "api_key": "unguessable"}),
        finished("a", "create_ticket"),
        started("b", "get_ticket"),
        finished("b", "get_ticket", ToolUseStatus.ERROR, "no ticket 1"),
    )
    scene, who, response = await asked((*calls, *saying("Done.")))
    assert response.tools_used == (
        ToolUse(
            call_id="a",
            name="create_ticket",
            arguments={"title": "Login", "api_key": "[redacted]"},
            status=ToolUseStatus.OK,
            duration_ms=12.5,
        ),
        ToolUse(
            call_id="b",
            name="get_ticket",
            arguments={"ticket_id": 1},
            status=ToolUseStatus.ERROR,
            duration_ms=12.5,
            error="no ticket 1",
        ),
    )
    assert response.message
    assert response.message.tool_calls == response.tools_used
    thread = await scene.desk.chat.get_thread(who, response.thread_id)
    actions = (await scene.desk.agents.list_actions(who, thread.agent_id, ALL)).data
    assert {one.call_id: one.status for one in actions} == {"a": "ok", "b": "error"}
    assert {one.user_id for one in actions} == {who.user_id}
    events = await events_of(scene, who, response)
    assert "unguessable" not in str(events)
    assert msgspec.json.decode(events[1].data) == {
        "call_id": "a",
        "name": "create_ticket",
        "arguments": {"title": "Login", "api_key": "[redacted]"},
    }
    assert msgspec.json.decode(events[4].data) == {
        "call_id": "b", "name": "get_ticket", "status": "error", "duration_ms": 12.5,
    }  # fmt: skip


async def test_a_refused_call_does_not_end_the_run_and_is_written_down_once() -> None:
    denied = finished("a", "delete_ticket", ToolUseStatus.DENIED, "not yours")
    script = (started("a", "delete_ticket"), denied, *saying("I may not do that."))
    scene, who, response = await asked(script)
    assert content(response) == "I may not do that."
    assert (response.tools_used[0].status, response.degraded) == (ToolUseStatus.DENIED, False)
    (event,) = await scene.audited(who, "tool.refused")
    assert event.data["reason"] == "not yours"
    thread = await scene.desk.chat.get_thread(who, response.thread_id)
    assert (await scene.desk.agents.list_actions(who, thread.agent_id, ALL)).total == 1


async def test_a_refusal_without_a_reason_is_one_all_the_same() -> None:
    script = (started("a", "fly"), finished("a", "fly", ToolUseStatus.DENIED), *saying("No."))
    scene, who, _ = await asked(script)
    (event,) = await scene.audited(who, "tool.refused")
    assert event.data["reason"] == "denied"


async def test_a_call_that_never_ended_was_interrupted() -> None:
    _, _, response = await asked((started(), *degraded(DegradedReason.RUN_LIMIT)))
    (use,) = response.tools_used
    assert (use.status, use.error) == (ToolUseStatus.ERROR, "was interrupted")


@pytest.mark.parametrize("reason", NOTICES)
async def test_a_degraded_answer_says_so_in_words_and_its_last_delta(
    reason: DegradedReason, caplog: pytest.LogCaptureFixture
) -> None:
    scene, who, response = await asked(degraded(reason, "I found two", detail="it broke"))
    assert (response.degraded, response.degraded_reason) == (True, reason)
    assert content(response) == f"I found two\n\n{NOTICES[reason]}"
    assert text_of(await events_of(scene, who, response)) == content(response)
    (record,) = [one for one in caplog.records if one.message == "answer degraded"]
    assert (record.levelno, record.__dict__["detail"]) == (logging.WARNING, "it broke")


async def test_an_answer_without_a_word_is_a_model_that_did_not_answer() -> None:
    _, _, response = await asked((TextDelta(" "), TextDelta(""), TextDelta("\n"), DONE))
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert NOTICES[DegradedReason.MODEL_UNAVAILABLE] in content(response)


async def test_whatever_breaks_there_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def break_down() -> None:
        raise RuntimeError("on purpose")

    _, _, response = await asked((TextDelta("I found"), break_down))
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert content(response).startswith("I found\n\n")
    (record,) = [one for one in caplog.records if one.message == "run failed"]
    assert record.exc_info


async def test_an_agent_that_is_switched_off_is_silent_and_no_model_is_asked() -> None:
    scene = Scene.of()
    who = await scene.founder()
    agent = await scene.desk.agents.add(who, NewAgent())
    thread = await scene.thread(who, agent_id=agent.id)
    await scene.desk.agents.change(who, agent.id, AgentChange(is_active=False))
    response = await scene.ask(who, thread)
    assert response.degraded_reason is DegradedReason.AGENT_UNAVAILABLE
    assert response.message is None
    assert len(await scene.messages(who, thread)) == 1
    assert scene.runner.requests == []


async def test_a_run_ends_when_its_whole_time_is_over_and_the_model_is_let_go() -> None:
    gate = Gate()
    scene = Scene.of((TextDelta("Let me see"), gate, *saying("never")))
    who = await scene.founder()
    run = await begin(scene, who, await scene.thread(who), timeout_seconds=0.01)
    await scene.settle(run)
    stored = await scene.stored_run(who, run.id)
    assert stored.response
    assert stored.response.degraded_reason is DegradedReason.RUN_LIMIT
    assert content(stored.response) == f"Let me see\n\n{NOTICES[DegradedReason.RUN_LIMIT]}"
    assert scene.runner.ended == 1


async def begin(scene: Scene, who: Person, thread: Thread, **settings: Any) -> Run:
    """Begin a run with settings that no tenant could choose, and have it done."""
    async with scene.fakes.memory.transaction(who) as tx:
        found = await tx.threads.with_agent(thread.id)
        message = Message(
            id=scene.clock.new_id(),
            thread_id=thread.id,
            role=MessageRole.USER,
            content="Hello?",
            created_at=scene.clock.now(),
        )
        task = await scene.desk.run_desk.assignments.new(tx, who, found, message, 0)
        assert task
        await tx.messages.add(message)
        await tx.event_log.add(task.run.id, task.seen)
    run = replace(task.run, settings=replace(task.run.settings, **settings))
    scene.desk.run_desk.start(replace(task, run=run))
    return run


@pytest.mark.parametrize(
    ("wish", "tools", "needs_approval"),
    [
        ({"tools_enabled": ("get_ticket", "delete_ticket")}, {"get_ticket"}, {"delete_ticket"}),
        (
            {"tools_enabled": ("get_ticket", "delete_ticket"), "require_approval": ()},
            {"get_ticket", "delete_ticket"},
            set[str](),
        ),
        (
            {"tools_enabled": ("get_ticket",), "require_approval": ("get_ticket", "list_tickets")},
            set[str](),
            {"get_ticket"},
        ),
        ({"tools_enabled": ()}, set[str](), set[str]()),
        ({"mcp_enabled": False}, set[str](), set[str]()),
    ],
)
async def test_a_run_may_call_the_agents_tools_as_far_as_no_person_must_allow_them_first(
    wish: dict[str, Any], tools: set[str], needs_approval: set[str]
) -> None:
    scene, who, response = await asked(saying("Hello!"), **wish)
    (request,) = scene.runner.requests
    assert (request.tools, request.needs_approval) == (tools, needs_approval)
    run = scene.desk.ports.capabilities.verify(request.capability).run
    assert (run.tools, run.needs_approval) == (tools, needs_approval)
    assert (run.acts_for, run.run_id, run.thread_id) == (
        who, response.run_id, response.thread_id,
    )  # fmt: skip
    assert not response.degraded


async def test_the_capability_outlives_the_run_by_a_minute() -> None:
    scene, _, _ = await asked(saying("Hello!"), timeout_seconds=60)
    capability = scene.desk.ports.capabilities.verify(scene.runner.requests[0].capability)
    assert (capability.expires_at - scene.clock.now()).total_seconds() == 120


async def test_the_run_of_a_user_lacks_what_the_user_may_not_do() -> None:
    scene = Scene.of(saying("Hello!"))
    admin = await scene.founder()
    user = await scene.member(admin)
    wish = NewAgent(tools_enabled=("get_ticket", "delete_ticket"), require_approval=())
    agent = await scene.desk.agents.add(admin, wish)
    await scene.ask(user, await scene.thread(user, agent_id=agent.id))
    assert scene.runner.requests[0].tools == {"get_ticket"}


@pytest.mark.parametrize(
    ("email", "tools"),
    [
        ("cy@example.com", {"create_ticket", "get_ticket", "search_tickets"}),
        (None, {"create_ticket"}),
    ],
)
async def test_the_run_of_a_customer_has_the_customers_tools_only(
    email: str | None, tools: set[str]
) -> None:
    scene = Scene.of(saying("Hello!"))
    customer = customer_of(await scene.founder(), email)
    await scene.ask(customer, await scene.thread(customer))
    assert scene.runner.requests[0].tools == tools


async def test_a_tool_that_is_gone_meanwhile_is_not_offered() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    await scene.settle(
        await begin(scene, who, await scene.thread(who), tools_enabled=("fax", "get_ticket"))
    )
    assert scene.runner.requests[0].tools == {"get_ticket"}


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


@pytest.mark.parametrize("trouble", [StorageUnavailableError("gone"), BusyError("locked")])
async def test_a_step_that_cannot_be_stored_does_not_stop_the_run(
    trouble: StorageUnavailableError | BusyError, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene.of()
    who = await scene.founder()
    thread = await scene.thread(who)

    async def make_trouble() -> None:
        scene.storage.at_commit.append(trouble)

    scene.runner.scripts.append(
        (TextDelta("Let me see. "), make_trouble, step(), started(), finished(), *saying("Found."))
    )
    response = await scene.ask(who, thread)
    assert content(response) == "Let me see. Found."
    assert (response.degraded, response.stored) == (False, True)
    assert text_of(await events_of(scene, who, response)) == content(response)
    assert "run steps not stored" in caplog.messages


async def test_a_run_cut_off_in_the_middle_of_storing_a_step_loses_no_event() -> None:
    gate = Gate()
    scene = Scene.of((TextDelta("Let me see"), step(), *saying("never")))
    who = await scene.founder()
    thread = await scene.thread(who)
    scene.storage.at_commit.append(gate)
    run = await begin(scene, who, thread, timeout_seconds=0.01)
    await gate.wait()
    await scene.settle(run)
    events = await scene.follow(who, run)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert text_of(events).startswith("Let me see\n\n")
    stored = await scene.stored_run(who, run.id)
    assert stored.response
    assert text_of(events) == content(stored.response)


async def test_what_no_storage_takes_does_not_cost_the_answer() -> None:
    script = (
        TextDelta("a\0b "),
        started("a", "get\0ticket", {"\ud83d": "\0"}),
        finished("a", status=ToolUseStatus.ERROR, error="no \0 ticket"),
        TextDelta("\ud83d"),
        DONE,
    )
    _, _, response = await asked(script)
    assert content(response) == "a\ufffdb \ufffd"
    (use,) = response.tools_used
    assert (use.name, use.arguments, use.error) == (
        "get\ufffdticket", {"\ufffd": "\ufffd"}, "no \ufffd ticket",
    )  # fmt: skip


async def test_a_thread_that_is_removed_meanwhile_takes_its_run_along() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("to nobody")))
    who = await scene.founder()
    thread = await scene.thread(who)
    run = await scene.desk.chat.send_message(who, thread.id, "Hello?")
    await gate.wait()
    await scene.desk.chat.remove_thread(who, thread.id)
    gate.open()
    await scene.settle(run)
    assert scene.telemetry.answers == []
    assert scene.desk.run_desk.running == 0
