"""An attempt holds its lease for as long as the work takes, and stops when it has lost it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import TaskLostError
from hexdesk.core.model.principals import Member, Principal
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.use_cases.task_attempt import Attempt
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene, WatchedStorage
from tests.unit.core.scripts import Gate
from tests.unit.core.tasks import add, stored

# Leases of no length are renewed without a pause, and the steady clock never ends them by itself.
HASTY = DeskSettings(run_lease_seconds=0)
LEASE = timedelta(seconds=15)


@dataclass
class Door(WatchedStorage):
    """A storage that tells when somebody has knocked, and whether in vain."""

    knocked: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def transaction(self, who: Principal) -> AsyncGenerator[Transaction]:
        try:
            async with super().transaction(who) as tx:
                yield tx
        finally:
            self.knocked.set()

    async def knock(self) -> None:
        """Wait until somebody has knocked from now on."""
        self.knocked.clear()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.knocked.wait()


async def claimed(scene: Scene, who: Member) -> tuple[Attempt, Door]:
    """Return an attempt at a task that was just claimed."""
    task, token = await add(scene, who), scene.clock.new_id()
    async with scene.fakes.memory.transaction(who) as tx:
        claim = await tx.tasks.claim(task.id, token, scene.clock.now() + LEASE)
    assert claim
    door = Door(scene.fakes.memory)
    attempt = Attempt(
        task=claim,
        lease_token=token,
        storage=door,
        clock=scene.clock,
        settings=HASTY,
        started_at=0,
    )
    return attempt, door


async def held_until(scene: Scene, attempt: Attempt) -> datetime | None:
    """Return until when the task is held."""
    return (await stored(scene, attempt.task)).lease_until


async def test_the_lease_is_renewed_while_the_work_goes_on(scene: Scene, admin: Member) -> None:
    (attempt, door), gate = await claimed(scene, admin), Gate()
    doing = asyncio.create_task(attempt.during(gate(), DEADLINE_SECONDS))
    scene.clock.advance(60)
    await door.knock()
    assert await held_until(scene, attempt) == scene.clock.now()
    gate.open()
    await doing


async def test_work_that_was_taken_away_is_stopped(scene: Scene, admin: Member) -> None:
    (attempt, _), gate = await claimed(scene, admin), Gate()
    doing = asyncio.create_task(attempt.during(gate(), DEADLINE_SECONDS))
    await gate.wait()
    async with scene.fakes.memory.transaction(admin) as tx:
        running = await tx.tasks.get(attempt.task.id, lock=True)
        await tx.tasks.update(replace(running, status=TaskStatus.CANCELLED))
    with pytest.raises(TaskLostError):
        await doing


async def test_work_whose_lease_cannot_be_renewed_is_stopped_when_it_is_over(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    (attempt, door), gate = await claimed(scene, admin), Gate()
    attempt.settings = replace(HASTY, run_lease_seconds=0.003)
    doing = asyncio.create_task(attempt.during(gate(), DEADLINE_SECONDS))
    await gate.wait()
    await scene.break_storage()
    await door.knock()
    await door.knock()
    assert ("task not held" in caplog.messages, doing.done()) == (True, False)
    scene.clock.advance(1)
    with pytest.raises(TaskLostError):
        await doing


async def test_an_outage_that_is_over_in_time_costs_nothing(
    scene: Scene, admin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    (attempt, door), gate = await claimed(scene, admin), Gate()
    attempt.settings = replace(HASTY, run_lease_seconds=0.003)
    doing = asyncio.create_task(attempt.during(gate(), DEADLINE_SECONDS))
    await gate.wait()
    await scene.break_storage()
    await door.knock()
    await door.knock()
    assert "task not held" in caplog.messages
    await scene.mend_storage()
    scene.clock.advance(0.002)
    await door.knock()
    assert await held_until(scene, attempt) == scene.clock.now() + timedelta(seconds=0.003)
    gate.open()
    await doing
