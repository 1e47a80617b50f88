"""A run that was thinking when a person took the conversation over says nothing more."""

import asyncio

import msgspec
import pytest

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse, RunStatus, Thread, ThreadStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.words import TAKEN_OVER
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.handoffs import Handoff
from tests.unit.core.asking import events_of
from tests.unit.core.lost_runs import LEASE
from tests.unit.core.people import DELETE, waiting
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.scripts import Gate, finished, started, step


class Talk(msgspec.Struct, frozen=True):
    """A conversation that a person takes over in the middle of a run."""

    scene: Scene
    admin: Member
    thread: Thread

    async def take(self) -> None:
        """Take it over."""
        await self.scene.desk.people.hand_off(self.admin, self.thread.id, Handoff())

    async def contents(self) -> list[str]:
        """Return what was said."""
        return [one.content for one in await self.scene.messages(self.admin, self.thread)]


async def taken_over(script: Script, *end: object) -> tuple[Talk, ChatResponse]:
    """Have a person take over while the script is at its gate; `end` is what follows it."""
    gate = Gate()
    scene = Scene.of((*script, gate, *end))  # pyright: ignore[reportArgumentType]  items of a script
    admin = await scene.founder()
    talk = Talk(scene, admin, await scene.thread(admin))
    asking = asyncio.create_task(scene.ask(admin, talk.thread))
    await gate.wait()
    await talk.take()
    gate.open()
    return talk, await asking


async def test_what_it_would_have_said_is_not_stored() -> None:
    talk, response = await taken_over((), *saying("Too late."))
    assert (response.message, response.degraded, response.stored) == (None, False, True)
    assert await talk.contents() == ["Hello?"]
    run = await talk.scene.stored_run(talk.admin, response.run_id)
    assert (run.status, run.response) == (RunStatus.FAILED, response)
    assert talk.scene.telemetry.answers == []


async def test_its_stream_ends_with_the_reason() -> None:
    talk, response = await taken_over((), *saying("Too late."))
    events = await events_of(talk.scene, talk.admin, response)
    assert [(event.id, event.type) for event in events] == [(1, "run.started"), (2, "run.failed")]
    assert msgspec.json.decode(events[-1].data) == {
        "reason": "thread-taken-over", "detail": TAKEN_OVER,
    }  # fmt: skip


async def test_what_it_did_is_kept() -> None:
    talk, response = await taken_over((step(), started(), finished()), *saying("Done."))
    assert [use.status for use in response.tools_used] == [ToolUseStatus.OK]
    actions = await talk.scene.desk.agents.list_actions(talk.admin, talk.thread.agent_id, ALL)
    assert [one.status for one in actions.data] == [ToolUseStatus.OK]
    events = await events_of(talk.scene, talk.admin, response)
    assert [event.type for event in events] == [
        "run.started", "tool.started", "tool.finished", "run.failed",
    ]  # fmt: skip
    assert [event.id for event in events] == [1, 2, 3, 4]


async def test_nobody_is_asked_for_an_approval_any_more() -> None:
    talk, response = await taken_over((), *waiting("May I?"))
    assert response.approvals == ()
    (use,) = response.tools_used
    assert (use.name, use.status, use.error) == (DELETE, ToolUseStatus.DENIED, TAKEN_OVER)
    assert await talk.scene.audited(talk.admin, "approval.requested") == ()
    assert await talk.contents() == ["Hello?"]


@pytest.mark.parametrize("is_taken", [True, False])
async def test_whoever_waits_at_another_process_gets_the_same_answer(*, is_taken: bool) -> None:
    fakes, gate = Fakes.new(), Gate()
    scene = Scene.of((gate, *saying("Hello!")), fakes=fakes)
    other = Scene.of(fakes=fakes, settings=DeskSettings(poll_seconds=1000))
    admin = await scene.founder()
    talk = Talk(scene, admin, await scene.thread(admin))
    run = await scene.desk.chat.send_message(admin, talk.thread.id, "Hello?")
    await gate.wait()
    waiting_there = asyncio.create_task(other.desk.chat.await_answer.by_id(admin, run.id))
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not other.events.is_awaited(run.id):  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0)
    if is_taken:
        await talk.take()
    gate.open()
    await scene.settle(run)
    other.events.tell(run.id)
    answer = await waiting_there
    assert answer == (await scene.stored_run(admin, run.id)).response
    assert (answer.message is None) is is_taken


async def test_a_race_never_stores_both() -> None:
    for turns in range(12):
        scene = Scene.of(saying("Hello!"))
        admin = await scene.founder()
        talk = Talk(scene, admin, await scene.thread(admin))
        asking = asyncio.create_task(scene.ask(admin, talk.thread))
        for _ in range(3 * turns):
            await asyncio.sleep(0)
        await talk.take()
        seen_by_the_person = await talk.contents()
        response = await asking
        # Whatever is stored was there when the person had taken over: nothing came afterwards.
        stored = [one for one in await talk.contents() if one == "Hello!"]
        assert stored == [one for one in seen_by_the_person if one == "Hello!"]
        assert (response.message is None) is (stored == [])


async def test_a_run_that_cannot_be_ended_is_ended_by_another_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fakes, gate = Fakes.new(), Gate()
    scene, other = Scene.of((gate, *saying("Too late.")), fakes=fakes), Scene.of(fakes=fakes)
    admin = await scene.founder()
    talk = Talk(scene, admin, await scene.thread(admin))
    run = await scene.desk.chat.send_message(admin, talk.thread.id, "Hello?")
    await gate.wait()
    await talk.take()
    scene.storage.at_commit.append(StorageUnavailableError("gone"))
    gate.open()
    await scene.settle(run)
    assert "run not ended" in caplog.messages
    other.clock.advance(LEASE)
    assert await other.desk.run_desk.recover() == 1
    await other.settle(run)
    ended = await other.stored_run(admin, run.id)
    assert (ended.status, ended.response and ended.response.message) == (RunStatus.FAILED, None)
    assert other.runner.requests == []
    assert await talk.contents() == ["Hello?"]


async def test_an_answer_that_was_given_and_not_stored_is_dropped_when_storage_is_back() -> None:
    fakes = Fakes.new()
    scene = Scene.of(fakes=fakes)
    admin = await scene.founder()
    talk = Talk(scene, admin, await scene.thread(admin))
    scene.runner.scripts.append((step(), scene.break_storage, *saying("Told.")))
    response = await scene.ask(admin, talk.thread)
    assert (response.stored, response.message and response.message.content) == (False, "Told.")
    await scene.mend_storage()
    await talk.take()
    await scene.desk.run_desk.recover()
    assert await talk.contents() == ["Hello?"]
    run = await scene.stored_run(admin, response.run_id)
    assert (run.status, run.response and run.response.message) == (RunStatus.FAILED, None)
    events = await scene.follow(admin, run)
    assert [event.type for event in events][-1] == "run.failed"
    assert "text.delta" not in [event.type for event in events]


async def test_what_waits_in_the_journal_and_asks_people_asks_them_when_storage_is_back() -> None:
    scene = Scene.of()
    admin = await scene.founder()
    talk = Talk(scene, admin, await scene.thread(admin))
    scene.runner.scripts.append((step(), scene.break_storage, *waiting("May I?")))
    response = await scene.ask(admin, talk.thread)
    assert not response.stored
    await scene.mend_storage()
    await scene.desk.run_desk.recover()
    thread = await scene.desk.chat.get_thread(admin, talk.thread.id)
    assert thread.status is ThreadStatus.WAITING_APPROVAL
    assert await talk.contents() == ["Hello?", "May I?"]


async def test_an_answer_to_a_conversation_that_is_gone_is_dropped() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Too late.")))
    admin = await scene.founder()
    thread = await scene.thread(admin)
    run = await scene.desk.chat.send_message(admin, thread.id, "Hello?")
    await gate.wait()
    await scene.desk.chat.remove_thread(admin, thread.id)
    gate.open()
    await scene.settle(run)
    assert scene.telemetry.answers == []
