"""Conversations change hands: a person takes them over, and gives them back."""

import asyncio

import pytest

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.chat import Message, MessageRole, RunStatus, Thread, ThreadStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.context import BY_A_PERSON
from hexdesk.core.policy.words import HANDED_OVER
from hexdesk.core.ports.agents import HandedOver, TextDelta
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import an_idempotency_key
from hexdesk.core.use_cases.handoffs import Handoff, Reply
from hexdesk.core.use_cases.send_message import AnsweredBeforeError
from hexdesk.core.use_cases.threads import ThreadChange
from tests.unit.core.asking import content, events_of
from tests.unit.core.people import Waiting
from tests.unit.core.scenes import Scene, customer_of
from tests.unit.core.scripts import DONE, Gate

KEY = an_idempotency_key()


async def taken(scene: Scene, who: Member, thread: Thread, reason: str | None = None) -> Thread:
    return await scene.desk.people.hand_off(who, thread.id, Handoff(reason=reason))


async def given_back(scene: Scene, who: Member, thread: Thread) -> Thread:
    return await scene.desk.people.resume(who, thread.id, Handoff(reason="settled"))


async def reply(scene: Scene, who: Member, thread: Thread, text: str = "I am Ada.") -> Message:
    return await scene.desk.people.reply(who, thread.id, Reply(content=text))


async def test_a_person_takes_a_conversation_and_nobody_holds_it_yet(
    scene: Scene, admin: Member
) -> None:
    thread = await taken(scene, admin, await scene.thread(admin), "upset")
    assert (thread.status, thread.held_by_id) == (ThreadStatus.HUMAN, None)
    (event,) = await scene.audited(admin, "thread.handed_over")
    assert (event.target_id, event.data["reason"]) == (thread.id, "upset")
    assert await taken(scene, admin, thread) == thread
    assert len(await scene.audited(admin, "thread.handed_over")) == 1


async def test_meanwhile_messages_are_stored_and_no_model_is_asked(
    scene: Scene, admin: Member
) -> None:
    thread = await taken(scene, admin, await scene.thread(admin))
    response = await scene.ask(admin, thread)
    assert (response.message, response.model, response.degraded) == (None, "", False)
    assert response.user_message.content == "Hello?"
    assert [one.content for one in await scene.messages(admin, thread)] == ["Hello?"]
    assert scene.runner.requests == []
    events = await events_of(scene, admin, response)
    assert [event.type for event in events] == ["run.started", "run.completed"]
    run = await scene.stored_run(admin, response.run_id)
    assert (run.status, run.response) == (RunStatus.COMPLETED, response)


async def test_a_message_with_a_key_is_stored_once(scene: Scene, admin: Member) -> None:
    thread = await taken(scene, admin, await scene.thread(admin))
    run = await scene.desk.chat.send_message(admin, thread.id, "Hello?", key=KEY)
    with pytest.raises(AnsweredBeforeError):
        await scene.desk.chat.send_message(admin, thread.id, "Hello?", key=KEY)
    assert run.response == await scene.desk.chat.await_answer.by_id(admin, run.id)
    assert len(await scene.messages(admin, thread)) == 1


async def test_messages_stay_in_order_whatever_the_clock_says(scene: Scene, admin: Member) -> None:
    thread = await taken(scene, admin, await scene.thread(admin))
    for text in ("one", "two"):
        await scene.ask(admin, thread, text)
        await reply(scene, admin, thread, f"{text}!")
    said = [one.content for one in await scene.messages(admin, thread)]
    assert said == ["one", "one!", "two", "two!"]


async def test_the_first_reply_claims_the_conversation(scene: Scene, admin: Member) -> None:
    thread = await taken(scene, admin, await scene.thread(admin))
    message = await reply(scene, admin, thread)
    assert (message.role, message.user_id) == (MessageRole.HUMAN_AGENT, admin.user_id)
    held = await scene.desk.chat.get_thread(admin, thread.id)
    assert held.held_by_id == admin.user_id
    await reply(scene, admin, thread, "And more.")
    assert len(await scene.audited(admin, "thread.claimed")) == 1


async def test_a_colleague_does_not_talk_in_between(scene: Scene, admin: Member) -> None:
    thread = await scene.thread(customer_of(admin))
    colleague = await scene.member(admin)
    await taken(scene, colleague, thread)
    await reply(scene, colleague, thread)
    with pytest.raises(ConflictError, match="a colleague holds"):
        await reply(scene, admin, thread)


async def test_of_two_who_reply_first_one_claims_it(scene: Scene, admin: Member) -> None:
    thread = await scene.thread(customer_of(admin))
    colleague = await scene.member(admin)
    await taken(scene, admin, thread)
    results = await asyncio.gather(
        reply(scene, admin, thread), reply(scene, colleague, thread), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in results) == ["ConflictError", "Message"]
    assert len(await scene.messages(admin, thread)) == 1


async def test_only_in_a_conversation_that_was_handed_over_people_reply(
    scene: Scene, admin: Member
) -> None:
    thread = await scene.thread(admin)
    with pytest.raises(ConflictError, match="hand it off first"):
        await reply(scene, admin, thread)


async def test_the_agent_is_told_what_was_said_and_by_whom() -> None:
    scene = Scene.of(saying("Welcome back."))
    admin = await scene.founder()
    thread = await taken(scene, admin, await scene.thread(admin))
    await scene.ask(admin, thread, "Is anybody there?")
    await reply(scene, admin, thread)
    back = await given_back(scene, admin, thread)
    assert (back.status, back.held_by_id) == (ThreadStatus.ACTIVE, None)
    assert await given_back(scene, admin, thread) == back
    assert len(await scene.audited(admin, "thread.resumed")) == 1
    await scene.ask(admin, thread, "Thanks!")
    (request,) = scene.runner.requests
    assert [(turn.role, turn.content) for turn in request.history] == [
        (MessageRole.USER, "Is anybody there?"),
        (MessageRole.HUMAN_AGENT, f"{BY_A_PERSON}I am Ada."),
    ]


async def test_a_conversation_given_back_waits_again_if_a_call_does() -> None:
    talk = await Waiting.begin()
    await taken(talk.scene, talk.admin, talk.thread)
    back = await given_back(talk.scene, talk.admin, talk.thread)
    assert back.status is ThreadStatus.WAITING_APPROVAL


async def test_other_peoples_conversations_do_not_change_hands(
    scene: Scene, admin: Member, user: Member
) -> None:
    thread = await scene.thread(admin)
    for attempt in (taken, given_back, reply):
        with pytest.raises(NotFoundError):
            await attempt(scene, user, thread)


async def test_a_conversation_that_a_person_has_is_given_back_only_by_resuming(
    scene: Scene, admin: Member
) -> None:
    thread = await taken(scene, admin, await scene.thread(admin))
    await reply(scene, admin, thread)
    change = scene.desk.chat.change_thread
    with pytest.raises(ConflictError, match="resume it, or close it"):
        await change(admin, thread.id, ThreadChange(status="active"))
    closed = await change(admin, thread.id, ThreadChange(status="closed"))
    assert (closed.status, closed.held_by_id) == (ThreadStatus.CLOSED, None)


async def test_a_closed_conversation_in_which_a_call_waits_is_opened_waiting() -> None:
    talk = await Waiting.begin()
    change = talk.scene.desk.chat.change_thread
    await change(talk.admin, talk.thread.id, ThreadChange(status="closed"))
    opened = await change(talk.admin, talk.thread.id, ThreadChange(status="active"))
    assert opened.status is ThreadStatus.WAITING_APPROVAL
    await change(talk.admin, talk.thread.id, ThreadChange(status="closed"))
    talk.scene.runner.scripts.append(saying("Yes?"))
    await talk.scene.ask(talk.admin, talk.thread, "Hello again?")
    assert (await talk.now()).status is ThreadStatus.WAITING_APPROVAL


@pytest.mark.parametrize(
    ("said", "told"),
    [((), HANDED_OVER), (("A moment.",), f"A moment.\n\n{HANDED_OVER}")],
    ids=["silently", "with words"],
)
async def test_the_agent_hands_over_itself(said: tuple[str, ...], told: str) -> None:
    scene = Scene.of((*map(TextDelta, said), HandedOver("wants a \0person"), DONE))
    admin = await scene.founder()
    thread = await scene.thread(admin)
    response = await scene.ask(admin, thread)
    assert (content(response), response.degraded) == (told, False)
    after = await scene.desk.chat.get_thread(admin, thread.id)
    assert (after.status, after.held_by_id) == (ThreadStatus.HUMAN, None)
    (event,) = await scene.audited(admin, "thread.handed_over")
    assert event.actor_type == "agent"
    assert "wants a" in event.data["reason"]
    assert "\0" not in event.data["reason"]
    assert (await scene.ask(admin, thread)).message is None


async def test_messages_that_wait_for_a_run_are_stored_when_a_person_takes_over() -> None:
    gate = Gate()
    scene = Scene.of((gate, *saying("Too late.")))
    admin = await scene.founder()
    thread = await scene.thread(admin)
    asking = [asyncio.create_task(scene.ask(admin, thread, text)) for text in ("1?", "2?")]
    await gate.wait()
    await taken(scene, admin, thread)
    gate.open()
    responses = await asyncio.gather(*asking)
    assert [one.message for one in responses] == [None, None]
    assert [one.content for one in await scene.messages(admin, thread)] == ["1?", "2?"]
