"""Sending a message: stored first, then answered, one after the other."""

import asyncio

import pytest

from hexdesk.core.errors import (
    NotFoundError,
    StorageUnavailableError,
    UnavailableError,
)
from hexdesk.core.model.chat import MessageRole, RunStatus, Thread, ThreadStatus
from hexdesk.core.model.idempotency import IdempotencyKey
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import an_idempotency_key
from hexdesk.core.use_cases.send_message import AnsweredBeforeError
from hexdesk.core.use_cases.threads import ThreadChange
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene, customer_of
from tests.unit.core.scripts import Gate

HASTY = DeskSettings(thread_wait_seconds=0.01)
KEY = an_idempotency_key()


async def contents(scene: Scene, who: Member, thread: Thread) -> list[str]:
    return [message.content for message in await scene.messages(who, thread)]


async def kept_run(scene: Scene, who: Member, key: IdempotencyKey) -> object:
    kept = await scene.desk.once(who, key).find()
    return kept and kept.run_id


async def test_a_message_is_stored_as_its_senders_and_answered_by_the_row_that_was_written() -> (
    None
):
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    response = await scene.ask(who, thread, "Hello?")
    asked, answer = await scene.messages(who, thread)
    assert (response.user_message, response.message) == (asked, answer)
    assert (asked.role, asked.content, asked.user_id) == (MessageRole.USER, "Hello?", who.user_id)
    assert (answer.role, answer.content, answer.user_id) == (
        MessageRole.ASSISTANT, "Hello!", None,
    )  # fmt: skip
    assert asked.run_id == answer.run_id == response.run_id
    assert response.thread_id == thread.id
    assert (response.degraded, response.degraded_reason, response.stored) == (False, None, True)
    assert response.approvals == ()


async def test_a_message_shows_in_its_thread_at_once() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    scene.clock.advance(5)
    await scene.ask(who, thread)
    assert (await scene.desk.chat.get_thread(who, thread.id)).updated_at == scene.clock.now()


async def test_a_message_to_a_closed_thread_reopens_it() -> None:
    scene = Scene.of(saying("Hello again!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    await scene.desk.chat.change_thread(who, thread.id, ThreadChange(status="closed"))
    await scene.ask(who, thread)
    thread = await scene.desk.chat.get_thread(who, thread.id)
    assert thread.status is ThreadStatus.ACTIVE


async def test_a_customers_message_has_no_member() -> None:
    scene = Scene.of(saying("Hello!"))
    customer = customer_of(await scene.founder())
    thread = await scene.thread(customer)
    response = await scene.ask(customer, thread)
    assert response.user_message.user_id is None
    run = await scene.stored_run(customer, response.run_id)
    assert (run.principal, run.status) == (customer, RunStatus.COMPLETED)


async def test_without_storage_nothing_is_stored_and_no_model_is_called(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user)
    await scene.break_storage()
    with pytest.raises(StorageUnavailableError):
        await scene.ask(user, thread)
    await scene.mend_storage()
    assert await contents(scene, user, thread) == []
    assert scene.runner.requests == []


async def test_a_full_process_refuses_and_takes_more_when_there_is_room() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("one")), saying("two"), settings=DeskSettings(most_runs=1))
    who = await scene.founder()
    one, two = await scene.thread(who), await scene.thread(who)
    asking = asyncio.create_task(scene.ask(who, one))
    await gate.wait()
    refused = await asyncio.gather(*(scene.ask(who, two) for _ in range(2)), return_exceptions=True)
    assert [str(one) for one in refused] == [
        "too many conversations at once: try again in a moment"
    ] * 2
    assert all(isinstance(one, UnavailableError) for one in refused)
    gate.open()
    await asking
    await scene.ask(who, two)
    assert await contents(scene, who, two) == ["Hello?", "two"]


async def test_messages_that_are_being_stored_count_as_well() -> None:
    gate = Gate()
    scene = Scene.of(saying("one"), settings=DeskSettings(most_runs=1))
    who = await scene.founder()
    one, two = await scene.thread(who), await scene.thread(who)
    scene.storage.at_commit.append(gate)
    asking = asyncio.create_task(scene.ask(who, one))
    await gate.wait()
    with pytest.raises(UnavailableError, match="too many conversations at once"):
        await scene.ask(who, two)
    gate.open()
    await asking


async def test_runs_and_messages_that_are_being_stored_share_the_room() -> None:
    begun, stored = Gate(), Gate()
    scripts = (begun, *saying("one")), saying("two")
    scene = Scene.of(*scripts, settings=DeskSettings(most_runs=2))
    who = await scene.founder()
    threads = [await scene.thread(who) for _ in range(3)]
    asking = [asyncio.create_task(scene.ask(who, threads[0]))]
    await begun.wait()
    scene.storage.at_commit.append(stored)
    asking.append(asyncio.create_task(scene.ask(who, threads[1])))
    await stored.wait()
    with pytest.raises(UnavailableError, match="too many conversations at once"):
        await scene.ask(who, threads[2])
    begun.open()
    stored.open()
    await asyncio.gather(*asking)


async def test_a_process_that_drains_takes_no_more_messages(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user)
    await scene.desk.run_desk.drain(0)
    with pytest.raises(UnavailableError):
        await scene.ask(user, thread)
    assert await contents(scene, user, thread) == []


async def test_whoever_hangs_up_while_the_message_is_stored_is_answered_all_the_same() -> None:
    gate = Gate()
    scene = Scene.of(saying("Hello!"), saying("Hello again!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    scene.storage.at_commit.append(gate)
    sending = asyncio.create_task(scene.desk.chat.send_message(who, thread.id, "Hello?"))
    await gate.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    # The next one's turn comes when this one is stored, and not before.
    asking = asyncio.create_task(scene.ask(who, thread, "Still there?"))
    await asyncio.wait([asking], timeout=0.01)
    assert scene.runner.requests == []
    gate.open()
    await asking
    assert await contents(scene, who, thread) == [
        "Hello?", "Hello!", "Still there?", "Hello again!",
    ]  # fmt: skip


async def test_whoever_hangs_up_while_waiting_for_its_turn_has_sent_nothing() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("one")), saying("three"))
    who = await scene.founder()
    thread = await scene.thread(who)
    first = asyncio.create_task(scene.ask(who, thread, "1"))
    await gate.wait()
    second = asyncio.create_task(scene.ask(who, thread, "2"))
    third = asyncio.create_task(scene.ask(who, thread, "3"))
    fourth = asyncio.create_task(scene.ask(who, thread, "4"))
    await asyncio.wait([fourth], timeout=0.01)
    fourth.cancel()
    scene.runner.scripts.append(saying("two, late"))
    gate.open()
    await asyncio.gather(first, second, third)
    assert [text for text in await contents(scene, who, thread) if len(text) == 1] == [
        "1", "2", "3",
    ]  # fmt: skip


async def test_a_message_with_a_key_is_one_message_however_often_it_comes() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    run = await scene.desk.chat.send_message(who, thread.id, "Hello?", key=KEY)
    await scene.settle(run)
    with pytest.raises(AnsweredBeforeError):
        await scene.desk.chat.send_message(who, thread.id, "Hello?", key=KEY)
    assert await kept_run(scene, who, KEY) == run.id
    assert await contents(scene, who, thread) == ["Hello?", "Hello!"]


async def test_of_many_repeats_at_once_one_is_a_message() -> None:
    scene = Scene.of(saying("Hello!"))
    who = await scene.founder()
    thread = await scene.thread(who)
    sent = [scene.desk.chat.send_message(who, thread.id, "Hello?", key=KEY) for _ in range(4)]
    async with asyncio.timeout(DEADLINE_SECONDS):
        results = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(one, AnsweredBeforeError) for one in results) == 3
    assert await contents(scene, who, thread) == ["Hello?", "Hello!"]


async def test_the_same_key_is_a_new_message_after_a_day() -> None:
    scene = Scene.of(saying("one"), saying("two"))
    who = await scene.founder()
    thread = await scene.thread(who)
    for _ in range(2):
        await scene.settle(await scene.desk.chat.send_message(who, thread.id, "Hi", key=KEY))
        scene.clock.advance(86_401)
    assert await contents(scene, who, thread) == ["Hi", "one", "Hi", "two"]


async def test_whoever_may_not_see_the_thread_cannot_write_to_it(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    thread = await scene.thread(admin)
    for who in (stranger, customer_of(admin)):
        with pytest.raises(NotFoundError):
            await scene.ask(who, thread)
    assert await contents(scene, admin, thread) == []
