"""The part of the storage contract about lists: order, parts and totals."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.audit import AuditFilter
from hexdesk.core.model.files import FileFilter
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tasks import TaskFilter
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.model.webhooks import DeliveryFilter
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Belongings, Company
from hexdesk.core.testing.storage_fixtures import StorageFixtures

Add = Callable[[Transaction, Belongings, int], Awaitable[object]]
Ask = Callable[[Transaction, Belongings, Slice], Awaitable[Page[Any]]]


def new(value: Any, age: int, **changes: Any) -> Any:
    """Return a copy of a value with an id and an age of its own."""
    return replace(value, id=examples.new_id(), created_at=examples.later(age), **changes)


LISTS: dict[str, tuple[Add, Ask]] = {
    "users": (
        lambda to, its, age: to.users.add(
            new(its.user, age, email=f"{examples.new_id().hex}@example.com", full_name=None), "hash"
        ),
        lambda to, _, part: to.users.page(part),
    ),
    "api_keys": (
        lambda to, its, age: to.api_keys.add(new(its.api_key, age), examples.new_id().bytes),
        lambda to, _, part: to.api_keys.page(part),
    ),
    "history": (
        lambda to, its, age: to.agent_log.add_history(
            new(its.change, age, changed_by_id=its.user.id)
        ),
        lambda to, its, part: to.agent_log.history(its.conversation.agent.id, part),
    ),
    "actions": (
        lambda to, its, age: to.agent_log.add_actions(
            [new(its.action, age, call_id=f"call-{examples.new_id()}", error="no")]
        ),
        lambda to, its, part: to.agent_log.actions(its.conversation.agent.id, part),
    ),
    "threads": (
        lambda to, its, age: to.threads.add(new(its.conversation.thread, age, title="b")),
        lambda to, _, part: to.threads.page(part, own_of=None),
    ),
    "messages": (
        lambda to, its, age: to.messages.add(
            new(its.conversation.message, age, confidence_score=age / 8)
        ),
        lambda to, its, part: to.messages.page(its.conversation.thread.id, part),
    ),
    "tickets": (
        lambda to, its, age: to.tickets.add(
            new(its.ticket, age, category="b", resolved_at=examples.later(age))
        ),
        lambda to, _, part: to.tickets.page(TicketFilter(), part),
    ),
    "comments": (
        lambda to, its, age: to.comments.add(new(its.comment, age, author_id=its.user.id)),
        lambda to, its, part: to.comments.page(its.ticket.id, part),
    ),
    "integrations": (
        lambda to, its, age: to.integrations.add(new(its.integration, age, last_error="no")),
        lambda to, _, part: to.integrations.page(part),
    ),
    "channel_deliveries": (
        lambda to, its, age: to.channel_deliveries.add(
            new(
                its.correspondence.delivery,
                age,
                sequence=examples.new_id().int % 2**31,
                next_attempt_at=None,
                last_error="no",
            )
        ),
        lambda to, its, part: to.channel_deliveries.page(
            DeliveryFilter(integration_id=its.integration.id), part
        ),
    ),
    "deliveries": (
        lambda to, its, age: to.deliveries.add(
            new(its.delivery, age, next_attempt_at=None, last_error="no")
        ),
        lambda to, its, part: to.deliveries.page(
            DeliveryFilter(integration_id=its.integration.id), part
        ),
    ),
    "audit": (
        lambda to, its, age: to.audit.add(new(its.audit_event, age, actor_id=None)),
        lambda to, _, part: to.audit.page(AuditFilter(), part),
    ),
    "files": (
        lambda to, its, age: to.files.add(
            new(
                its.file,
                age,
                sha256=examples.new_id().hex,
                error="no",
                summary="b",
                task_id=its.file.id,
                uploaded_by_id=None,
            )
        ),
        lambda to, _, part: to.files.page(FileFilter(), part),
    ),
    "tasks": (
        lambda to, its, age: to.tasks.add(
            new(its.task, age, dedupe_key=None, lease_token=None, error="no", priority=age + 2)
        ),
        lambda to, _, part: to.tasks.page(TaskFilter(), part),
    ),
}


class ListContract(StorageFixtures):
    """Every list, sorted by every field."""

    @pytest.fixture
    async def our_things(self, ours: Company) -> Belongings:
        """Return one of everything that ours has."""
        things = Belongings.of(ours.organization, ours.admin)
        async with ours.transaction() as transaction:
            await things.store(transaction)
        return things

    @pytest.mark.parametrize("name", LISTS)
    async def test_a_list_is_sorted_by_any_field_in_both_directions(
        self, ours: Company, our_things: Belongings, name: str
    ) -> None:
        add, ask = LISTS[name]
        async with ours.transaction() as transaction:
            for age in (5, 3, 3, -2):
                await add(transaction, our_things, age)
            for field in await sortable_fields(ask(transaction, our_things, examples.ALL)):
                rising = await ask(transaction, our_things, Slice(sort=field))
                falling = await ask(transaction, our_things, Slice(sort=f"-{field}"))
                assert rising.data == in_order(rising.data, field, is_falling=False)
                assert falling.data == in_order(falling.data, field, is_falling=True)
                assert rising.total == falling.total == len(rising.data) == 5

    @pytest.mark.parametrize("name", LISTS)
    async def test_a_list_is_not_sorted_by_what_is_no_field_of_its_items(
        self, ours: Company, our_things: Belongings, name: str
    ) -> None:
        _, ask = LISTS[name]
        with pytest.raises(InvalidError):
            async with ours.transaction() as transaction:
                await ask(transaction, our_things, Slice(sort="-nothing"))

    @pytest.mark.parametrize("name", LISTS)
    async def test_a_list_is_newest_first_and_comes_in_parts(
        self, ours: Company, our_things: Belongings, name: str
    ) -> None:
        add, ask = LISTS[name]
        async with ours.transaction() as transaction:
            for age in (5, 3, 3, -2):
                await add(transaction, our_things, age)
            whole = await ask(transaction, our_things, Slice())
            assert whole.data == in_order(whole.data, "created_at", is_falling=True)
            for limit, offset in ((2, 0), (2, 2), (2, 4), (1, 5), (200, 1), (1, 10_000)):
                part = await ask(transaction, our_things, Slice(limit=limit, offset=offset))
                assert part == replace(
                    whole, data=whole.data[offset : offset + limit], limit=limit, offset=offset
                )


async def sortable_fields(page: Awaitable[Page[Any]]) -> list[str]:
    """Return the fields whose values are scalars."""
    [*items] = (await page).data
    return [
        field.name
        for field in msgspec.structs.fields(items[0])
        if not any(
            isinstance(getattr(item, field.name), dict | tuple | msgspec.Struct) for item in items
        )
    ]


def in_order(items: tuple[Any, ...], field: str, *, is_falling: bool) -> tuple[Any, ...]:
    """Return the items as they should come: without a value last, equals by id."""
    falling = sorted(items, key=lambda item: item.id, reverse=is_falling)
    known = [item for item in falling if getattr(item, field) is not None]
    known.sort(key=lambda item: getattr(item, field), reverse=is_falling)
    return (*known, *(item for item in falling if getattr(item, field) is None))
