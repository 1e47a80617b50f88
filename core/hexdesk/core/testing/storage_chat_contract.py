"""The part of the storage contract about threads, messages and events."""

import pytest
from msgspec import json
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.agents import ToolUse, ToolUseStatus
from hexdesk.core.model.chat import (
    CUSTOMER_ID,
    Citation,
    MessageRole,
    RunEvent,
    RunStatus,
    Situation,
    ThreadStatus,
)
from hexdesk.core.model.listing import Slice
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class ThreadContract(StorageFixtures):
    """The conversations."""

    async def test_a_thread_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.threads.get(conversation.thread.id) == conversation.thread

    async def test_a_changed_thread_is_stored_whole(
        self, ours: Company, conversation: Conversation
    ) -> None:
        changed = replace(
            conversation.thread,
            held_by_id=ours.admin.id,
            title="Login",
            status=ThreadStatus.HUMAN,
            metadata={"source": {"page": 3}},
            updated_at=examples.later(5),
        )
        async with ours.transaction() as transaction:
            await transaction.threads.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.threads.get(changed.id) == changed

    async def test_a_thread_comes_with_its_agent_and_the_organization(
        self, ours: Company, conversation: Conversation
    ) -> None:
        async with ours.transaction() as transaction:
            seen = await transaction.threads.with_agent(conversation.thread.id)
        assert seen == Situation(
            thread=conversation.thread, agent=conversation.agent, organization=ours.organization
        )

    async def test_a_member_lists_its_own_threads_and_those_of_customers(
        self, ours: Company, conversation: Conversation
    ) -> None:
        colleague = examples.a_user(ours.organization.id)
        own = conversation.thread
        customers = examples.a_thread(conversation.agent, metadata={CUSTOMER_ID: "U1"})
        nobodys = examples.a_thread(conversation.agent)
        colleagues = examples.a_thread(conversation.agent, user_id=colleague.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(colleague, "hash")
            for thread in (customers, nobodys, colleagues):
                await transaction.threads.add(thread)
            everything = await transaction.threads.page(examples.ALL, own_of=None)
            visible = await transaction.threads.page(examples.ALL, own_of=ours.admin.id)
        assert everything.total == 4
        assert {thread.id for thread in visible.data} == {own.id, customers.id}
        assert visible.total == 2

    async def test_a_removed_thread_takes_its_messages_and_runs_but_no_ticket(
        self, ours: Company, conversation: Conversation
    ) -> None:
        thread, run = conversation.thread, conversation.run
        ticket = examples.a_ticket(ours.organization.id, thread_id=thread.id)
        action = examples.an_action(conversation.agent.id, run_id=run.id, thread_id=thread.id)
        async with ours.transaction() as transaction:
            await transaction.tickets.add(ticket)
            await transaction.agent_log.add_actions([action])
            await transaction.event_log.add(run.id, [examples.an_event(1)])
            await transaction.tool_calls.claim(run.id, "call-1", "create_ticket")
            await transaction.tool_calls.keep(run.id, "call-1", b"result")
            await transaction.threads.remove(thread.id)
        async with ours.transaction() as transaction:
            assert (await transaction.messages.page(thread.id, examples.ALL)).total == 0
            assert (await transaction.tickets.get(ticket.id)).title == ticket.title
            actions = await transaction.agent_log.actions(conversation.agent.id, examples.ALL)
            assert actions.total == 1
            assert list(await transaction.tool_calls.of_run(run.id)) == []
            with pytest.raises(NotFoundError):
                await transaction.threads.get(thread.id)
            with pytest.raises(NotFoundError):
                await transaction.runs.get(run.id)
            with pytest.raises(NotFoundError):
                await transaction.event_log.after(run.id, 0)


class MessageContract(StorageFixtures):
    """What was said."""

    async def test_a_message_is_found_by_its_id(
        self, ours: Company, conversation: Conversation
    ) -> None:
        async with ours.transaction() as transaction:
            message = conversation.message
            assert await transaction.messages.get(message.id) == message

    async def test_a_message_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        use = ToolUse(
            call_id="call-1",
            name="get_ticket",
            arguments={"ticket_id": 1},
            status=ToolUseStatus.OK,
            duration_ms=3.25,
        )
        said = examples.a_message(
            conversation.thread.id,
            run_id=conversation.run.id,
            role=MessageRole.ASSISTANT,
            content="It is open — „offen“ 🎫.",
            citations=(Citation(file_id=examples.new_id(), filename="a.pdf", page=2, quote="q"),),
            tool_calls=(use,),
            confidence_score=0.75,
            created_at=examples.later(1),
        )
        async with ours.transaction() as transaction:
            await transaction.messages.add(said)
        async with ours.transaction() as transaction:
            page = await transaction.messages.page(said.thread_id, Slice(sort="created_at"))
        assert page.data == (conversation.message, said)

    async def test_a_message_that_is_there_already_stays_as_it_is(
        self, ours: Company, conversation: Conversation
    ) -> None:
        again = replace(conversation.message, content="Something else")
        async with ours.transaction() as transaction:
            await transaction.messages.add(again)
        async with ours.transaction() as transaction:
            page = await transaction.messages.page(again.thread_id, examples.ALL)
        assert page.data == (conversation.message,)

    async def test_the_latest_messages_come_oldest_of_them_first(
        self, ours: Company, conversation: Conversation
    ) -> None:
        thread_id = conversation.thread.id
        # Two of the same age: their ids tell which came first.
        said = [examples.a_message(thread_id, created_at=examples.later(n)) for n in (1, 2, 2, 3)]
        async with ours.transaction() as transaction:
            for message in reversed(said):
                await transaction.messages.add(message)
            latest = transaction.messages.latest
            assert list(await latest(thread_id, 3)) == said[1:]
            assert list(await latest(thread_id, 99)) == [conversation.message, *said]
            assert list(await latest(thread_id, 0)) == []


class EventLogContract(StorageFixtures):
    """The events of runs."""

    async def test_events_come_back_in_order_after_the_last_one_seen(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run = conversation.run
        async with ours.transaction() as transaction:
            await transaction.event_log.add(run.id, [examples.an_event(2), examples.an_event(1)])
            await transaction.event_log.add(run.id, [examples.an_event(10)])
            await transaction.event_log.add(run.id, [])
        async with ours.transaction() as transaction:
            events, status = await transaction.event_log.after(run.id, 1)
            everything, _ = await transaction.event_log.after(run.id, 0)
            nothing, _ = await transaction.event_log.after(run.id, 10)
        assert [event.id for event in events] == [2, 10]
        assert [event.id for event in everything] == [1, 2, 10]
        assert list(nothing) == []
        assert status is RunStatus.RUNNING

    async def test_an_event_that_is_there_already_stays_as_it_is(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run = conversation.run
        first = [examples.an_event(1, "first"), examples.an_event(2, "second")]
        again = [examples.an_event(2, "again"), examples.an_event(3, "third")]
        async with ours.transaction() as transaction:
            await transaction.event_log.add(run.id, first)
        async with ours.transaction() as transaction:
            await transaction.event_log.add(run.id, again)
            events, _ = await transaction.event_log.after(run.id, 0)
        assert [text_of(event) for event in events] == ["first", "second", "third"]
        assert {event.type for event in events} == {"text.delta"}

    async def test_the_log_says_that_a_run_has_ended(
        self, ours: Company, conversation: Conversation
    ) -> None:
        ended = replace(conversation.run, status=RunStatus.FAILED, finished_at=examples.later(1))
        async with ours.transaction() as transaction:
            await transaction.runs.finish(ended)
            _, status = await transaction.event_log.after(ended.id, 0)
        assert status is RunStatus.FAILED


def text_of(event: RunEvent) -> str:
    """Return the text of a delta."""
    return json.decode(event.data, type=dict[str, str])["text"]
