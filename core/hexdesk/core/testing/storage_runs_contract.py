"""The part of the storage contract about runs."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.chat import Run, RunStatus
from hexdesk.core.model.principals import Customer
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class RunContract(StorageFixtures):
    """The work of answering messages."""

    @pytest.fixture
    async def abandoned(self, ours: Company) -> Run:
        """Return a run whose lease is over."""
        made = Conversation.of(ours.who)
        run = replace(made.run, lease_until=examples.LONG_AGO)
        async with ours.transaction() as transaction:
            await replace(made, run=run).store(transaction)
        return run

    async def test_a_run_comes_back_as_it_was_stored(
        self, ours: Company, conversation: Conversation
    ) -> None:
        async with ours.transaction() as transaction:
            assert await transaction.runs.get(conversation.run.id) == conversation.run
            running = await transaction.runs.running_in(conversation.thread.id)
            assert running == conversation.run

    async def test_a_run_remembers_the_customer_it_is_for(
        self, ours: Company, conversation: Conversation
    ) -> None:
        customer = Customer(
            organization_id=ours.organization.id, customer_id="U1", email="c@example.com"
        )
        thread = examples.a_thread(conversation.agent)
        message = examples.a_message(thread.id)
        run = examples.a_run(
            thread,
            message,
            ours.who,
            principal=customer,
            settings=AgentSettings(name="Ada", require_approval=("delete_ticket",)),
            steps=b"\x00\xff",
        )
        async with ours.transaction() as transaction:
            await transaction.threads.add(thread)
            await transaction.messages.add(message)
            assert await transaction.runs.begin(run)
            assert await transaction.runs.get(run.id) == run

    async def test_a_second_run_does_not_begin_while_one_is_running(
        self, ours: Company, conversation: Conversation
    ) -> None:
        second = replace(conversation.run, id=examples.new_id())
        async with ours.transaction() as transaction:
            assert not await transaction.runs.begin(second)
            # The transaction goes on as if it had not been tried.
            assert await transaction.runs.running_in(second.thread_id) == conversation.run
            await transaction.runs.finish(replace(conversation.run, status=RunStatus.COMPLETED))
            assert await transaction.runs.running_in(second.thread_id) is None
            assert await transaction.runs.begin(second)

    async def test_a_run_that_is_over_from_the_start_is_stored_beside_one_that_is_running(
        self, ours: Company, conversation: Conversation
    ) -> None:
        over = replace(
            conversation.run,
            id=examples.new_id(),
            status=RunStatus.COMPLETED,
            response=examples.a_response(conversation.run, conversation.message),
            finished_at=examples.later(1),
            approval_id=examples.new_id(),
        )
        async with ours.transaction() as transaction:
            assert await transaction.runs.begin(over)
            assert await transaction.runs.get(over.id) == over
            assert await transaction.runs.running_in(over.thread_id) == conversation.run

    async def test_of_many_runs_that_begin_at_once_one_does(
        self, ours: Company, conversation: Conversation
    ) -> None:
        thread = examples.a_thread(conversation.agent)
        message = examples.a_message(thread.id)
        async with ours.transaction() as transaction:
            await transaction.threads.add(thread)
            await transaction.messages.add(message)

        async def begin() -> bool:
            async with ours.transaction() as transaction:
                return await transaction.runs.begin(examples.a_run(thread, message, ours.who))

        assert sorted(await asyncio.gather(*(begin() for _ in range(5)))) == [False] * 4 + [True]

    async def test_a_run_is_taken_over_when_its_lease_is_over(
        self, ours: Company, abandoned: Run
    ) -> None:
        token, until = examples.new_id(), examples.FAR_AHEAD
        async with ours.transaction() as transaction:
            taken = await transaction.runs.take_over(abandoned.id, token, until)
            assert taken == replace(abandoned, lease_token=token, lease_until=until)
            assert await transaction.runs.get(abandoned.id) == taken
            assert await transaction.runs.take_over(abandoned.id, examples.new_id(), until) is None

    async def test_of_many_that_take_a_run_over_at_once_one_gets_it(
        self, ours: Company, abandoned: Run
    ) -> None:
        async def take_over() -> Run | None:
            async with ours.transaction() as transaction:
                return await transaction.runs.take_over(
                    abandoned.id, examples.new_id(), examples.FAR_AHEAD
                )

        taken = await asyncio.gather(*(take_over() for _ in range(5)))
        assert sum(run is not None for run in taken) == 1

    async def test_a_run_whose_lease_is_held_is_not_taken_over(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run = conversation.run
        async with ours.transaction() as transaction:
            token, until = examples.new_id(), examples.FAR_AHEAD
            assert await transaction.runs.take_over(run.id, token, until) is None
            assert await transaction.runs.get(run.id) == run

    async def test_a_run_that_has_ended_is_not_taken_over(
        self, ours: Company, abandoned: Run
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.runs.finish(replace(abandoned, status=RunStatus.FAILED))
            token, until = examples.new_id(), examples.FAR_AHEAD
            assert await transaction.runs.take_over(abandoned.id, token, until) is None

    async def test_the_holder_of_the_lease_writes_the_run(
        self, ours: Company, abandoned: Run
    ) -> None:
        token, until = abandoned.lease_token, examples.FAR_AHEAD
        async with ours.transaction() as transaction:
            assert await transaction.runs.renew(abandoned.id, token, until)
            assert await transaction.runs.save_steps(abandoned.id, token, b"step 1")
        async with ours.transaction() as transaction:
            expected = replace(abandoned, lease_until=until, steps=b"step 1")
            assert await transaction.runs.get(abandoned.id) == expected

    async def test_who_lost_the_lease_writes_nothing(self, ours: Company, abandoned: Run) -> None:
        async with ours.transaction() as transaction:
            taken = await transaction.runs.take_over(
                abandoned.id, examples.new_id(), examples.FAR_AHEAD
            )
        lost, until = abandoned.lease_token, examples.LONG_AGO
        ended = replace(abandoned, status=RunStatus.COMPLETED, finished_at=examples.later(1))
        async with ours.transaction() as transaction:
            assert not await transaction.runs.renew(abandoned.id, lost, until)
            assert not await transaction.runs.save_steps(abandoned.id, lost, b"late")
            assert not await transaction.runs.finish(ended)
        async with ours.transaction() as transaction:
            assert await transaction.runs.get(abandoned.id) == taken

    async def test_a_run_ends_with_its_response(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run = conversation.run
        response = examples.a_response(run, conversation.message)
        ended = replace(
            run, status=RunStatus.COMPLETED, response=response, finished_at=examples.later(2)
        )
        async with ours.transaction() as transaction:
            assert await transaction.runs.finish(ended)
        async with ours.transaction() as transaction:
            assert await transaction.runs.get(run.id) == ended
            assert await transaction.runs.running_in(run.thread_id) is None

    async def test_an_ended_run_keeps_no_steps(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run = conversation.run
        ended = replace(run, status=RunStatus.COMPLETED, finished_at=examples.later(2))
        async with ours.transaction() as transaction:
            assert await transaction.runs.save_steps(run.id, run.lease_token, b"step 1")
            assert await transaction.runs.finish(ended)
        async with ours.transaction() as transaction:
            assert (await transaction.runs.get(run.id)).steps is None
