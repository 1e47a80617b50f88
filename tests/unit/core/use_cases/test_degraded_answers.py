"""Whatever breaks behind a message, there is an answer, and it says what it lacks."""

import logging

import pytest

from hexdesk.core.errors import BusyError, StorageUnavailableError
from hexdesk.core.model.agents import AgentChange, NewAgent, ToolUseStatus
from hexdesk.core.model.chat import (
    DegradedReason,
)
from hexdesk.core.policy.words import NOTICES
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from tests.unit.core.asking import asked, begin_with, content, events_of
from tests.unit.core.scenes import Scene, text_of
from tests.unit.core.scripts import DONE, Gate, degraded, finished, started, step


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
    run = await begin_with(scene, who, await scene.thread(who), timeout_seconds=0.01)
    await scene.settle(run)
    stored = await scene.stored_run(who, run.id)
    assert stored.response
    assert stored.response.degraded_reason is DegradedReason.RUN_LIMIT
    assert content(stored.response) == f"Let me see\n\n{NOTICES[DegradedReason.RUN_LIMIT]}"
    assert scene.runner.ended == 1


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
    run = await begin_with(scene, who, thread, timeout_seconds=0.01)
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
