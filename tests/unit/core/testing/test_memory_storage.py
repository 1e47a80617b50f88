"""What the storage in memory does beside its port's promises."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from hexdesk.core.errors import BusyError, ConflictError, NotFoundError, StorageUnavailableError
from hexdesk.core.model.listing import MAX_TOTAL, Slice
from hexdesk.core.testing import MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import Company, a_company, added
from hexdesk.core.testing.examples import (
    ALL,
    a_failed_sign_in,
    a_ticket,
    an_api_key,
    an_integration,
)
from hexdesk.core.testing.memory_records import Records, page_of


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def storage(clock: SteadyClock) -> MemoryStorage:
    return MemoryStorage(clock, patience_seconds=0.05)


@pytest.fixture
async def company(storage: MemoryStorage) -> Company:
    return await a_company(storage)


async def test_a_storage_that_is_down_opens_no_transaction(
    storage: MemoryStorage, company: Company
) -> None:
    storage.is_down = True
    with pytest.raises(StorageUnavailableError):
        async with company.transaction():
            pytest.fail("this should not be reached")
    assert storage.is_down


async def test_a_storage_that_goes_down_stops_the_transactions_that_are_open(
    storage: MemoryStorage, company: Company
) -> None:
    with pytest.raises(StorageUnavailableError):
        async with company.transaction() as transaction:
            storage.is_down = True
            await transaction.organizations.get()
    storage.is_down = False
    with pytest.raises(StorageUnavailableError):
        async with company.transaction() as transaction:
            storage.is_down = True
            await transaction.integrations.add(an_integration())


async def test_a_storage_that_goes_down_before_the_commit_keeps_nothing(
    storage: MemoryStorage, company: Company
) -> None:
    with pytest.raises(StorageUnavailableError):
        async with company.transaction() as transaction:
            await transaction.integrations.add(an_integration())
            storage.is_down = True
    storage.is_down = False
    async with company.transaction() as transaction:
        assert (await transaction.integrations.page(ALL)).total == 0


@pytest.mark.parametrize("name", ["email", "token", "key", "runs", "note"])
async def test_a_storage_that_is_down_finds_nothing(storage: MemoryStorage, name: str) -> None:
    storage.is_down = True
    look_ups: dict[str, Any] = {
        "email": lambda: storage.directory.user_by_email("ada@example.com"),
        "token": lambda: storage.directory.refresh_token(b"hash"),
        "key": lambda: storage.directory.api_key(b"hash"),
        "runs": lambda: storage.backlog.abandoned_runs(1),
        "note": lambda: storage.directory.note_failed_sign_in(a_failed_sign_in()),
    }
    with pytest.raises(StorageUnavailableError):
        await look_ups[name]()


async def test_transactions_are_not_nested(company: Company) -> None:
    async with company.transaction():
        with pytest.raises(RuntimeError, match="not nested"):
            async with company.transaction():
                pytest.fail("this should not be reached")
    async with company.transaction() as transaction:
        assert await transaction.organizations.get() == company.organization


async def test_who_reads_decides_and_writes_without_a_lock_can_be_overtaken(
    company: Company,
) -> None:
    [ticket] = await added(company, a_ticket(company.organization.id))

    async def change() -> None:
        async with company.transaction() as transaction:
            seen = await transaction.tickets.get(ticket.id)
            await transaction.tickets.update(replace(seen, version=seen.version + 1))

    ends = await asyncio.gather(change(), change(), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [ConflictError]


async def test_who_waits_too_long_for_a_turn_to_write_gives_up(company: Company) -> None:
    writing, done = asyncio.Event(), asyncio.Event()

    async def write_slowly() -> None:
        async with company.transaction() as transaction:
            await transaction.integrations.add(an_integration())
            writing.set()
            await done.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(write_slowly())
        await writing.wait()
        with pytest.raises(BusyError):
            async with company.transaction() as transaction:
                await transaction.integrations.add(an_integration())
        done.set()


async def test_failed_sign_ins_of_nobody_are_kept(storage: MemoryStorage) -> None:
    failed = a_failed_sign_in()
    await storage.directory.note_failed_sign_in(failed)
    assert storage.failed_sign_ins == (failed,)


async def test_a_use_of_an_api_key_is_noted_once_a_minute(
    clock: SteadyClock, company: Company
) -> None:
    api_key = an_api_key(company.admin.id)
    async with company.transaction() as transaction:
        await transaction.api_keys.add(api_key, b"hash")
    noted: list[object] = []
    for seconds in (0, 59, 1):
        clock.advance(seconds)
        async with company.transaction() as transaction:
            await transaction.api_keys.active_owner(api_key.id)
            noted += [key.last_used_at for key in (await transaction.api_keys.page(ALL)).data]
    assert noted == [noted[0], noted[0], clock.now()]
    assert noted[0] != noted[2]


def test_a_total_is_exact_up_to_its_bound_and_says_so_beyond() -> None:
    integration = an_integration()
    exact = page_of([integration] * MAX_TOTAL, Slice(limit=1))
    assert (exact.total, exact.total_is_exact) == (MAX_TOTAL, UNSET)
    bounded = page_of([integration] * (MAX_TOTAL + 1), Slice(limit=1))
    assert (bounded.total, bounded.total_is_exact) == (MAX_TOTAL, False)


class Ledger(MemoryStorage):
    """Keeps what is committed in a ledger that can be full."""

    def __init__(self) -> None:
        super().__init__(SteadyClock())
        self.kept: dict[UUID, Records] = {}
        self.is_full = False

    def keep(self, organization_id: UUID, records: Records) -> Records:
        if self.is_full:
            raise StorageUnavailableError("the ledger is full")
        self.kept[organization_id] = records
        return records


async def test_a_storage_begins_with_what_another_has_kept() -> None:
    ledger = Ledger()
    company = await a_company(ledger)

    storage = MemoryStorage(SteadyClock(), records=ledger.kept)

    async with storage.transaction(company.who) as transaction:
        assert await transaction.users.get(company.admin.id) == company.admin


async def test_what_cannot_be_kept_is_taken_back_and_the_next_one_may_write() -> None:
    ledger = Ledger()
    company = await a_company(ledger)
    ledger.is_full = True
    ticket = a_ticket(company.organization.id)

    with pytest.raises(StorageUnavailableError):
        await added(company, ticket)

    ledger.is_full = False
    async with company.transaction() as transaction:
        with pytest.raises(NotFoundError):
            await transaction.tickets.get(ticket.id)
    assert await added(company, ticket)
