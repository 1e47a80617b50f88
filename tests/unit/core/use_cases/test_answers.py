"""Answers that storage could not take: delivered, kept, and stored once when it is back."""

import asyncio
import logging

import pytest

from hexdesk.core.errors import BusyError, StorageUnavailableError
from hexdesk.core.model.chat import ChatResponse, DegradedReason, RunStatus, Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import ALL
from tests.unit.core.scenes import Fakes, Scene, text_of
from tests.unit.core.scripts import Gate, degraded, finished, started


async def lose(scene: Scene, who: Member, thread: Thread) -> ChatResponse:
    """Ask once; storage goes while the model answers."""
    scene.runner.scripts.append(
        (started(), finished(), scene.break_storage, *saying("I opened ticket 7."))
    )
    return await scene.ask(who, thread)


async def test_an_answer_that_cannot_be_stored_is_delivered_and_says_so(
    scene: Scene, user: Member, caplog: pytest.LogCaptureFixture
) -> None:
    response = await lose(scene, user, await scene.thread(user))
    assert response.message
    assert response.message.content == "I opened ticket 7."
    assert (response.stored, response.degraded) == (False, True)
    assert response.degraded_reason is DegradedReason.STORAGE_UNAVAILABLE
    assert "answer not stored" in caplog.messages
    assert [one.response for one in scene.telemetry.answers] == [response]
    assert len(await scene.journal.pending()) == 1


async def test_what_was_degraded_before_keeps_its_own_reason(scene: Scene, user: Member) -> None:
    script = (scene.break_storage, *degraded(DegradedReason.MCP_UNAVAILABLE, "Sorry."))
    scene.runner.scripts.append(script)
    response = await scene.ask(user, await scene.thread(user))
    assert (response.stored, response.degraded_reason) == (False, DegradedReason.MCP_UNAVAILABLE)


async def test_the_answer_is_stored_once_when_storage_is_back(scene: Scene, admin: Member) -> None:
    thread = await scene.thread(admin)
    response = await lose(scene, admin, thread)
    await scene.mend_storage()
    for _ in range(2):
        await scene.desk.run_desk.recover()
    assert await scene.journal.pending() == ()
    _, answer = await scene.messages(admin, thread)
    assert answer == response.message
    run = await scene.stored_run(admin, response.run_id)
    assert (run.status, run.response) == (RunStatus.COMPLETED, response)
    actions = await scene.desk.agents.list_actions(admin, thread.agent_id, ALL)
    assert [one.call_id for one in actions.data] == ["call-1"]


async def test_whoever_comes_back_later_finds_the_events_that_were_shown(
    scene: Scene, user: Member
) -> None:
    response = await lose(scene, user, await scene.thread(user))
    await scene.mend_storage()
    await scene.desk.run_desk.recover()
    events = await scene.follow(user, await scene.stored_run(user, response.run_id))
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert text_of(events) == "I opened ticket 7."
    assert b'"stored":false' in bytes(events[-1].data)


async def test_another_process_stores_what_it_finds_in_the_journal() -> None:
    fakes = Fakes.new()
    scene, after = Scene.of(fakes=fakes), Scene.of(fakes=fakes)
    who = await scene.founder()
    thread = await scene.thread(who)
    response = await lose(scene, who, thread)
    await scene.mend_storage()
    for _, entry in await scene.journal.pending():
        await after.journal.append(entry)
    await after.desk.run_desk.recover()
    assert (await after.messages(who, thread))[-1] == response.message


async def test_an_answer_stays_in_the_journal_while_storage_is_gone(
    scene: Scene, user: Member
) -> None:
    await lose(scene, user, await scene.thread(user))
    with pytest.raises(StorageUnavailableError):
        await scene.desk.run_desk.recover()
    assert len(await scene.journal.pending()) == 1


async def test_an_answer_that_still_cannot_be_stored_is_tried_again_later(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user)
    response = await lose(scene, user, thread)
    await scene.mend_storage()
    scene.storage.at_commit.append(StorageUnavailableError("gone again"))
    with pytest.raises(StorageUnavailableError):
        await scene.desk.run_desk.recover()
    assert len(await scene.journal.pending()) == 1
    await scene.desk.run_desk.recover()
    assert (await scene.messages(user, thread))[-1] == response.message


async def test_an_answer_that_is_locked_out_keeps_no_other_from_being_stored(
    scene: Scene, user: Member
) -> None:
    threads = [await scene.thread(user) for _ in range(2)]
    for thread in threads:
        await lose(scene, user, thread)
        await scene.mend_storage()
    scene.storage.at_commit.append(BusyError("locked"))
    await scene.desk.run_desk.recover()
    assert [len(await scene.messages(user, thread)) for thread in threads] == [1, 2]
    await scene.desk.run_desk.recover()
    assert [len(await scene.messages(user, thread)) for thread in threads] == [2, 2]


async def test_a_run_that_has_another_answer_by_now_keeps_that_one() -> None:
    fakes = Fakes.new()
    scene, other = Scene.of(fakes=fakes), Scene.of(saying("From another."), fakes=fakes)
    who = await scene.founder()
    thread = await scene.thread(who)
    response = await lose(scene, who, thread)
    await scene.mend_storage()
    scene.clock.advance(16)
    await other.desk.run_desk.recover()
    await other.settle(await other.stored_run(who, response.run_id))
    await scene.desk.run_desk.recover()
    assert [one.content for one in await scene.messages(who, thread)] == [
        "Hello?", "From another.",
    ]  # fmt: skip
    assert await scene.journal.pending() == ()


async def test_an_answer_that_was_given_comes_before_what_another_process_is_still_making() -> None:
    fakes, gate = Fakes.new(), Gate()
    scene, other = Scene.of(fakes=fakes), Scene.of((gate, *saying("Too late.")), fakes=fakes)
    who = await scene.founder()
    thread = await scene.thread(who)
    response = await lose(scene, who, thread)
    await scene.mend_storage()
    scene.clock.advance(16)
    await other.desk.run_desk.recover()
    await gate.wait()
    await scene.desk.run_desk.recover()
    gate.open()
    await other.settle(await other.stored_run(who, response.run_id))
    assert [one.content for one in await scene.messages(who, thread)] == [
        "Hello?", "I opened ticket 7.",
    ]  # fmt: skip
    assert other.telemetry.answers == []


async def test_the_answer_to_a_removed_thread_is_forgotten(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user)
    await lose(scene, user, thread)
    await scene.mend_storage()
    await scene.desk.chat.remove_thread(user, thread.id)
    await scene.desk.run_desk.recover()
    assert await scene.journal.pending() == ()


async def test_a_full_journal_loses_the_answer_but_not_the_customer(
    scene: Scene, user: Member, caplog: pytest.LogCaptureFixture
) -> None:
    scene.journal.is_full = True
    response = await lose(scene, user, await scene.thread(user))
    assert response.message
    assert not response.stored
    (record,) = [one for one in caplog.records if one.message == "answer lost"]
    assert (record.levelno, record.__dict__["reason"]) == (logging.ERROR, "the journal is full")


async def test_an_entry_nobody_can_read_keeps_no_other_from_being_stored(
    scene: Scene, user: Member, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await scene.thread(user)
    await scene.journal.append(b"from another version")
    response = await lose(scene, user, thread)
    await scene.mend_storage()
    for _ in range(2):
        await scene.desk.run_desk.recover()
    assert (await scene.messages(user, thread))[-1] == response.message
    assert [entry for _, entry in await scene.journal.pending()] == [b"from another version"]
    assert caplog.messages.count("answer not readable") == 1


async def test_a_lock_that_is_held_too_long_is_like_storage_that_is_gone(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user)

    async def lock() -> None:
        scene.storage.at_commit.append(BusyError("locked"))

    scene.runner.scripts.append((lock, *saying("Hello!")))
    response = await scene.ask(user, thread)
    assert not response.stored
    await scene.desk.run_desk.recover()
    assert (await scene.messages(user, thread))[-1] == response.message


async def test_a_commit_whose_outcome_is_unknown_is_one_answer(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user)
    gate = Gate()
    scene.runner.scripts.append((gate, *saying("Hello!")))
    asking = asyncio.create_task(scene.ask(user, thread))
    await gate.wait()
    scene.storage.lost_acknowledgements = 1
    gate.open()
    response = await asking
    assert not response.stored
    await scene.desk.run_desk.recover()
    _, answer = await scene.messages(user, thread)
    assert answer == response.message
    assert await scene.journal.pending() == ()
