"""What has expired is forgotten when its time has come, and not before."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Backlog
from hexdesk.core.testing import NOON, MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import Belongings, Company, a_company
from hexdesk.core.use_cases.expiry import ForgetExpired

ANSWERS, EVENTS = timedelta(hours=12), timedelta(hours=24)
CALLS_AND_DELIVERIES = timedelta(days=30)
TOKENS = timedelta(days=60)  # their own thirty days, and thirty more
SETTINGS = DeskSettings(idempotency_seconds=43_200, events_kept_seconds=86_400)
MOMENT = timedelta(seconds=1)
DEADLINE_SECONDS = 5


class FailingStorage(MemoryStorage):
    """Counts who wants to look something up, and fails them as it is told."""

    def __init__(self, clock: SteadyClock) -> None:
        super().__init__(clock)
        self.failures: list[Exception] = []
        self.asked = asyncio.Semaphore(0)

    @property
    def backlog(self) -> Backlog:
        self.asked.release()
        if self.failures:
            raise self.failures.pop(0)
        return super().backlog


@pytest.fixture
def clock() -> SteadyClock:
    """Return a clock that stands at noon."""
    return SteadyClock()


@pytest.fixture
def storage(clock: SteadyClock) -> FailingStorage:
    """Return a storage that fails only when it is told to."""
    return FailingStorage(clock)


@pytest.fixture
def forget(clock: SteadyClock, storage: FailingStorage) -> ForgetExpired:
    """Return the use case."""
    return ForgetExpired(storage=storage, clock=clock, settings=SETTINGS)


@pytest.fixture
async def company(storage: FailingStorage) -> Company:
    """Return an organization with one of everything, made at noon."""
    company = await a_company(storage)
    things = Belongings.of(company.organization, company.admin)
    token = replace(things.refresh_token, expires_at=NOON + timedelta(days=30))
    async with company.transaction() as tx:
        await replace(things, refresh_token=token).store(tx)
        await tx.runs.finish(replace(things.conversation.run, status=RunStatus.COMPLETED))
    return company


@pytest.mark.usefixtures("company")
async def test_each_kind_goes_when_its_time_is_over(clock: SteadyClock, forget: ForgetExpired):
    forgotten: list[int] = []
    for age in (ANSWERS, EVENTS, CALLS_AND_DELIVERIES, TOKENS):
        for moment in (age, age + MOMENT):
            clock.advance((NOON + moment - clock.now()).total_seconds())
            forgotten.append(await forget())
    assert forgotten == [0, 1, 0, 1, 0, 2, 0, 1]


@pytest.mark.usefixtures("company")
async def test_how_much_was_forgotten_is_logged_if_anything_was(
    clock: SteadyClock, forget: ForgetExpired, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "hexdesk.expiry")
    await forget()
    assert caplog.records == []
    clock.advance((EVENTS + MOMENT).total_seconds())
    await forget()
    [record] = caplog.records
    assert (record.message, vars(record)["count"]) == ("expired records forgotten", 2)


async def test_all_organizations_are_seen_to(
    storage: FailingStorage, company: Company, clock: SteadyClock, forget: ForgetExpired
):
    other = await a_company(storage)
    async with other.transaction() as tx:
        await Belongings.of(other.organization, other.admin).store(tx)
    clock.advance((ANSWERS + MOMENT).total_seconds())
    assert await forget() == 2
    assert await forget() == 0


@pytest.mark.usefixtures("company")
async def test_a_failure_does_not_end_the_forgetting(
    storage: FailingStorage,
    clock: SteadyClock,
    forget: ForgetExpired,
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.INFO, "hexdesk.expiry")
    clock.advance((ANSWERS + MOMENT).total_seconds())
    storage.failures = [StorageUnavailableError("gone"), RuntimeError("a mistake of ours")]
    task = asyncio.create_task(forget.keep_forgetting(pause_seconds=0))
    async with asyncio.timeout(DEADLINE_SECONDS):
        for _ in range(4):  # whoever asks a fourth time is done with the third
            await storage.asked.acquire()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert caplog.messages == [
        "forgetting put off",
        "forgetting failed",
        "expired records forgotten",
    ]
