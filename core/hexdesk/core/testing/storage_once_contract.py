"""The part of the storage contract about what must not happen twice."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, NotFoundError
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, Conversation
from hexdesk.core.testing.storage_fixtures import StorageFixtures

SINCE = examples.NOON - timedelta(hours=24)


class IdempotencyContract(StorageFixtures):
    """The answers already given."""

    async def test_a_kept_answer_is_found_again(self, ours: Company, theirs: Company) -> None:
        key, answer = examples.an_idempotency_key(), examples.a_kept_answer()
        async with ours.transaction() as transaction:
            assert await transaction.idempotency_keys.find(key, SINCE) is None
            assert await transaction.idempotency_keys.keep(key, answer, SINCE)
        async with ours.transaction() as transaction:
            assert await transaction.idempotency_keys.find(key, SINCE) == answer
            # The body is not part of the key: whoever asks compares it.
            other_body = replace(key, body_hash=b"o" * 32)
            assert await transaction.idempotency_keys.find(other_body, SINCE) == answer
        async with theirs.transaction() as transaction:
            assert await transaction.idempotency_keys.find(key, SINCE) is None

    async def test_an_answer_may_be_the_run_that_gives_it(
        self, ours: Company, conversation: Conversation
    ) -> None:
        key = examples.an_idempotency_key()
        answer = examples.a_kept_answer(
            status=None, headers={}, body=b"", run_id=conversation.run.id
        )
        async with ours.transaction() as transaction:
            await transaction.idempotency_keys.keep(key, answer, SINCE)
            assert await transaction.idempotency_keys.find(key, SINCE) == answer

    @pytest.mark.parametrize(
        "change", [{"caller": "c"}, {"method": "PUT"}, {"path": "/"}, {"key": "other"}]
    )
    async def test_another_request_has_another_answer(
        self, ours: Company, change: dict[str, str]
    ) -> None:
        key, answer = examples.an_idempotency_key(), examples.a_kept_answer()
        other = replace(key, **change)
        async with ours.transaction() as transaction:
            await transaction.idempotency_keys.keep(key, answer, SINCE)
            assert await transaction.idempotency_keys.find(other, SINCE) is None
            assert await transaction.idempotency_keys.keep(other, answer, SINCE)

    async def test_the_first_answer_stays_until_its_time_is_over(self, ours: Company) -> None:
        key = examples.an_idempotency_key()
        first = examples.a_kept_answer(body=b"first")
        second = examples.a_kept_answer(body=b"second", created_at=examples.later(9))
        async with ours.transaction() as transaction:
            assert await transaction.idempotency_keys.keep(key, first, SINCE)
            assert not await transaction.idempotency_keys.keep(key, second, SINCE)
            assert await transaction.idempotency_keys.find(key, SINCE) == first
            past = examples.later(5)
            assert await transaction.idempotency_keys.find(key, past) is None
            assert await transaction.idempotency_keys.keep(key, second, past)
            assert await transaction.idempotency_keys.find(key, past) == second

    @pytest.mark.parametrize("is_kept", [True, False])
    async def test_who_keeps_an_answer_waits_for_whoever_is_keeping_one(
        self, ours: Company, *, is_kept: bool
    ) -> None:
        key, kept, go_on = examples.an_idempotency_key(), asyncio.Event(), asyncio.Event()

        async def keep_slowly() -> None:
            async with ours.transaction() as transaction:
                await transaction.idempotency_keys.keep(key, examples.a_kept_answer(), SINCE)
                kept.set()
                await go_on.wait()

        async def keep() -> bool:
            async with ours.transaction() as transaction:
                return await transaction.idempotency_keys.keep(key, examples.a_kept_answer(), SINCE)

        async with asyncio.timeout(20):
            first = asyncio.create_task(keep_slowly())
            await kept.wait()
            second = asyncio.create_task(keep())
            done, _ = await asyncio.wait({first, second}, timeout=0.2)
            assert done == set()
            if is_kept:
                go_on.set()
            else:
                first.cancel()
            assert await second is not is_kept
            await asyncio.wait({first})
            assert first.cancelled() is not is_kept

    async def test_who_waits_too_long_to_keep_an_answer_is_told_so(self, ours: Company) -> None:
        key, kept, go_on = examples.an_idempotency_key(), asyncio.Event(), asyncio.Event()

        async def keep_slowly() -> None:
            async with ours.transaction() as transaction:
                await transaction.idempotency_keys.keep(key, examples.a_kept_answer(), SINCE)
                kept.set()
                await go_on.wait()

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_slowly())
            await kept.wait()
            with pytest.raises(BusyError):
                async with ours.transaction() as transaction:
                    await transaction.idempotency_keys.keep(key, examples.a_kept_answer(), SINCE)
            go_on.set()


class ToolCallContract(StorageFixtures):
    """The results of tool calls."""

    async def test_the_first_result_of_a_call_is_its_only_one(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run_id = conversation.run.id
        async with ours.transaction() as transaction:
            assert await transaction.tool_calls.claim(run_id, "call-1", "get_ticket") is None
            await transaction.tool_calls.keep(run_id, "call-1", b"first")
        async with ours.transaction() as transaction:
            assert await transaction.tool_calls.claim(run_id, "call-1", "get_ticket") == b"first"
            assert await transaction.tool_calls.claim(run_id, "call-2", "get_ticket") is None
            await transaction.tool_calls.keep(run_id, "call-2", b"second")
            assert set(await transaction.tool_calls.of_run(run_id)) == {"call-1", "call-2"}

    async def test_a_call_whose_transaction_failed_is_made_again(
        self, ours: Company, conversation: Conversation
    ) -> None:
        run_id = conversation.run.id
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.tool_calls.claim(run_id, "call-1", "get_ticket")
                await transaction.tool_calls.keep(run_id, "call-1", b"lost")
                raise NotFoundError("on purpose")
        async with ours.transaction() as transaction:
            assert list(await transaction.tool_calls.of_run(run_id)) == []
            assert await transaction.tool_calls.claim(run_id, "call-1", "get_ticket") is None

    async def test_calls_are_kept_for_the_run_of_a_task_too(
        self, ours: Company, theirs: Company
    ) -> None:
        # Nothing but its id is known of such a run.
        run_id = examples.new_id()
        async with ours.transaction() as transaction:
            assert await transaction.tool_calls.claim(run_id, "call-1", "create_ticket") is None
            await transaction.tool_calls.keep(run_id, "call-1", b"first")
        async with ours.transaction() as transaction:
            assert await transaction.tool_calls.claim(run_id, "call-1", "get_ticket") == b"first"
        async with theirs.transaction() as transaction:
            assert await transaction.tool_calls.claim(run_id, "call-1", "get_ticket") is None

    async def test_of_many_that_make_a_call_at_once_one_has_the_effect(
        self, ours: Company, conversation: Conversation
    ) -> None:
        async def call(run_id: UUID) -> bytes:
            async with ours.transaction() as transaction:
                result = await transaction.tool_calls.claim(run_id, "call-1", "create_ticket")
                if result is None:
                    ticket = examples.a_ticket(ours.organization.id)
                    result = (await transaction.tickets.add(ticket)).id.bytes
                    await transaction.tool_calls.keep(run_id, "call-1", result)
                return result

        results = await asyncio.gather(*(call(conversation.run.id) for _ in range(5)))
        assert len(set(results)) == 1
        async with ours.transaction() as transaction:
            assert (await transaction.tickets.stats(examples.NOON)).total == 1
