"""What comes on a channel becomes a message in a thread, and is answered there, once."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.model.channels import Sender
from hexdesk.core.model.chat import MessageRole, ThreadStatus
from hexdesk.core.model.conversations import InboundStatus
from hexdesk.core.model.principals import Customer
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.testing import saying
from hexdesk.core.testing.channel_examples import ANN
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.channel_messages import LOOPING
from hexdesk.core.use_cases.handoffs import Handoff
from tests.unit.core.pigeons import BOB, NOBODY, Flock, says
from tests.unit.core.tasks import do


async def test_a_message_becomes_a_thread_and_its_answer_goes_out() -> None:
    flock = await Flock.of(saying("It has shipped."))
    await flock.tell(says("Where is my parcel?", subject="Parcel"))
    thread = await flock.thread()
    assert (thread.channel, thread.title, thread.user_id) == ("pigeon", "Parcel", None)
    assert thread.metadata["customer_id"] == "pigeon:ann"
    assert thread.metadata["customer"]["email"] == "ann@example.com"
    said = await flock.messages()
    assert [one.role for one in said] == [MessageRole.USER, MessageRole.ASSISTANT]
    [sent] = flock.channel.sent
    assert (sent.text, sent.conversation_key, sent.subject) == (
        "It has shipped.",
        "conversation-1",
        "Parcel",
    )
    assert sent.recipient == ANN
    assert sent.hints == {"thread": 1}
    [kept] = await flock.kept()
    assert (kept.status, kept.thread_id, kept.message_id) == (
        InboundStatus.DONE,
        thread.id,
        said[0].id,
    )


async def test_a_run_for_a_verified_customer_acts_for_that_customer() -> None:
    flock = await Flock.of(saying("Yes."))
    await flock.tell(says("Hello?"))
    [message] = [one for one in await flock.messages() if one.role is MessageRole.USER]
    assert message.run_id
    run = await flock.scene.stored_run(flock.who, message.run_id)
    assert run.principal == Customer(
        organization_id=flock.admin.organization_id,
        customer_id="pigeon:ann",
        email="ann@example.com",
        is_verified=True,
    )


async def test_a_conversation_goes_on_by_its_key_and_by_what_is_answered() -> None:
    flock = await Flock.of(saying("One."), saying("Two."), saying("Three."))
    await flock.tell(says("First."))
    await flock.tell(says("Second.", hints={"thread": 2}))
    await flock.tell(says("Third.", conversation_key="another", replies_to=("unknown", "there-1")))
    assert await flock.contents() == ["First.", "One.", "Second.", "Two.", "Third.", "Three."]
    assert [one.text for one in flock.channel.sent] == ["One.", "Two.", "Three."]
    assert flock.channel.sent[1].hints == {"thread": 2}


async def test_anothers_message_with_the_same_key_begins_another_conversation() -> None:
    flock = await Flock.of(saying("To Ann."), saying("To Bob."))
    await flock.tell(says("I am Ann."))
    await flock.tell(says("I am Bob.", sender=BOB, replies_to=("there-1",)))
    first, second = await flock.threads()
    assert await flock.contents(first) == ["I am Ann.", "To Ann."]
    assert await flock.contents(second) == ["I am Bob.", "To Bob."]
    assert flock.scene.runner.requests[1].history == ()


async def test_whoever_proves_nothing_begins_anew_and_has_a_ticket() -> None:
    flock = await Flock.of(saying("One."), saying("Two."))
    await flock.tell(says("My secret is 42."))
    await flock.tell(says("What is my secret?", sender=NOBODY, replies_to=("there-1",)))
    first, second = await flock.threads()
    assert len(await flock.contents(first)) == 2
    assert await flock.contents(second) == ["What is my secret?", "Two."]
    request = flock.scene.runner.requests[1]
    assert (request.history, request.tools) == ((), frozenset({"create_ticket"}))
    tickets = await flock.scene.desk.tickets.list(flock.admin, TicketFilter(), ALL)
    [ticket] = tickets.data
    assert (ticket.source, ticket.thread_id, ticket.tags) == ("pigeon", second.id, ("unverified",))
    assert ticket.requester_email is None
    assert "ann@example.com" in ticket.description


async def test_what_was_answered_to_nobody_is_joined_by_nobody() -> None:
    flock = await Flock.of(saying("One."), saying("Two."))
    await flock.tell(says("I claim to be Ann.", sender=NOBODY))
    await flock.tell(says("I am Ann.", replies_to=("there-1",)))
    assert len(await flock.threads()) == 2


@pytest.mark.parametrize("count", [2, 5])
async def test_the_same_message_is_answered_once(count: int) -> None:
    flock = await Flock.of(saying("Once."))
    message = says("Hello?")
    answers = [await flock.post(message) for _ in range(count)]
    assert {one.status_code for one in answers} == {200}
    await flock.work()
    assert await flock.contents() == ["Hello?", "Once."]
    assert len(flock.channel.sent) == 1


async def test_the_same_message_at_the_same_time_is_answered_once() -> None:
    flock = await Flock.of(saying("Once."))
    message = says("Hello?")
    await asyncio.gather(*(flock.post(message) for _ in range(5)))
    await flock.work()
    assert await flock.contents() == ["Hello?", "Once."]


async def test_a_task_that_is_done_twice_says_it_once() -> None:
    flock = await Flock.of(saying("Once."))
    await flock.post(says("Hello?"))
    [task] = await flock.due()
    await do(flock.scene.desk.task_desk, task)
    await flock.settle()
    [kept] = await flock.kept()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        # As if the process had died before it could write down that it is done.
        await tx.inbounds.update(replace(kept, status=InboundStatus.PENDING))
        stored = await tx.tasks.get(task.id, lock=True)
        now = flock.scene.clock.now()
        await tx.tasks.update(replace(stored, status=TaskStatus.QUEUED, ready_at=now, attempts=0))
    await flock.work()
    assert await flock.contents() == ["Hello?", "Once."]
    [kept] = await flock.kept()
    assert (kept.status, kept.message_id) == (
        InboundStatus.DONE,
        (await flock.messages())[0].id,
    )


async def test_what_came_later_waits_for_what_came_first() -> None:
    flock = await Flock.of(saying("One."), saying("Two."))
    await flock.post(says("First."))
    flock.scene.clock.advance(0.5)
    await flock.post(says("Second."))
    first, second = await flock.due()
    await do(flock.scene.desk.task_desk, second)
    assert await flock.threads() == ()
    await do(flock.scene.desk.task_desk, first)
    await flock.settle()
    flock.scene.clock.advance(2)
    await flock.work()
    assert await flock.contents() == ["First.", "One.", "Second.", "Two."]


async def test_while_an_answer_is_made_the_next_message_waits_outside() -> None:
    gate = asyncio.Event()
    flock = await Flock.of((gate.wait, *saying("One.")), saying("Two."))
    await flock.post(says("First."))
    [first] = await flock.due()
    await do(flock.scene.desk.task_desk, first)
    await flock.post(says("Second."))
    [second] = await flock.due("channel_message")
    await do(flock.scene.desk.task_desk, second)
    assert await flock.contents() == ["First."]
    gate.set()
    await flock.settle()
    flock.scene.clock.advance(2)
    await flock.work()
    assert await flock.contents() == ["First.", "One.", "Second.", "Two."]


async def test_while_a_person_has_the_thread_messages_are_only_stored() -> None:
    flock = await Flock.of(saying("One."))
    await flock.tell(says("First."))
    await flock.scene.desk.people.hand_off(flock.admin, (await flock.thread()).id, Handoff())
    await flock.tell(says("Second."))
    assert await flock.contents() == ["First.", "One.", "Second."]
    assert len(flock.channel.sent) == 1
    assert (await flock.thread()).status is ThreadStatus.HUMAN


async def test_what_no_person_wrote_is_stored_and_not_answered() -> None:
    flock = await Flock.of()
    await flock.tell(says("I am away.", sender=NOBODY, automated="it is an auto-reply"))
    assert await flock.contents() == ["I am away."]
    assert flock.channel.sent == []
    [kept] = await flock.kept()
    assert (kept.status, kept.note) == (InboundStatus.DONE, "it is an auto-reply")
    tickets = await flock.scene.desk.tickets.list(flock.admin, TicketFilter(), ALL)
    assert tickets.total == 0


async def test_two_machines_do_not_talk_to_each_other_for_ever() -> None:
    flock = await Flock.of(
        *(saying("Answer.") for _ in range(2)), settings=DeskSettings(channel_answers_per_hour=2)
    )
    for number in range(3):
        await flock.tell(says(f"Message {number}."))
    assert len(flock.channel.sent) == 2
    assert (await flock.contents())[-1] == "Message 2."
    assert LOOPING in {one.note for one in await flock.kept()}


async def test_whoever_forges_a_sender_does_not_use_up_what_that_one_has() -> None:
    settings = DeskSettings(channel_answers_per_hour=1)
    flock = await Flock.of(saying("To nobody."), saying("To Ann."), settings=settings)
    await flock.tell(says("Forged.", sender=NOBODY))
    await flock.tell(says("Hello?"))
    assert [one.text for one in flock.channel.sent] == ["To nobody.", "To Ann."]


@pytest.mark.parametrize("most", [20, None])
async def test_made_up_senders_together_are_answered_no_more_often(most: int | None) -> None:
    settings = DeskSettings(channel_answers_per_hour=most, channel_unproved_answers_per_hour=2)
    flock = await Flock.of(*(saying("Answer.") for _ in range(3)), settings=settings)
    forgers = [Sender(external_id=f"forged-{n}", email=f"ann-{n}@example.com") for n in range(4)]
    for forged in forgers:
        await flock.tell(says("Hello?", sender=forged))
    assert [one.text for one in flock.channel.sent] == ["Answer.", "Answer."]
    assert {one.recipient for one in flock.channel.sent if one.recipient} == set(forgers[:2])
    assert [one.note for one in await flock.kept()].count(LOOPING) == 2
    await flock.tell(says("Hello?"))
    assert flock.channel.sent[-1].recipient == ANN, "who proves their address has their own"


@pytest.mark.parametrize("sender", [ANN, NOBODY])
async def test_an_installation_may_answer_without_end(sender: Sender) -> None:
    settings = DeskSettings(channel_answers_per_hour=None, channel_unproved_answers_per_hour=None)
    flock = await Flock.of(*(saying("Yes.") for _ in range(25)), settings=settings)
    for number in range(25):
        await flock.tell(says(f"Message {number}.", sender=sender))
    assert len(flock.channel.sent) == 25
