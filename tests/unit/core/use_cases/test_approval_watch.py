"""Approvals are watched over: none waits for ever, and no decision is lost."""

import asyncio
from dataclasses import replace

import pytest

from hexdesk.core.errors import BusyError, ConflictError, StorageUnavailableError
from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.model.chat import ThreadStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.storage import Backlog
from hexdesk.core.testing import saying
from hexdesk.core.use_cases.handoffs import Handoff
from tests.unit.core.people import APPROVE, Waiting, waiting
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.watched import WatchedStorage

DAY = 24 * 3600


async def boom() -> None:
    raise RuntimeError("boom")


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async with asyncio.timeout(10):
        while words not in caplog.messages:  # noqa: ASYNC110  it only logs
            await asyncio.sleep(0)


async def test_what_nobody_decides_in_time_expires_and_the_thread_waits_no_more() -> None:
    talk = await Waiting.begin()
    watch = talk.scene.desk.people.watch_approvals
    talk.scene.clock.advance(DAY - 1)
    assert await watch() == 0
    talk.scene.clock.advance(1)
    assert await watch() == 1
    assert await watch() == 0
    (expired,) = await talk.approvals(ApprovalStatus.EXPIRED)
    assert (expired.decided_by_id, expired.resumed_run_id) == (None, None)
    assert (await talk.now()).status is ThreadStatus.ACTIVE
    (event,) = await talk.scene.audited(talk.admin, "approval.expired")
    assert (event.actor_type, event.target_id) == ("system", expired.id)
    assert len(talk.scene.runner.requests) == 1
    with pytest.raises(ConflictError):
        await talk.decide()


async def test_afterwards_the_model_knows_that_nobody_decided() -> None:
    talk = await Waiting.begin(waiting(), saying("Nobody decided."))
    talk.scene.clock.advance(DAY)
    await talk.scene.desk.people.watch_approvals()
    await talk.scene.ask(talk.admin, talk.thread, "And now?")
    history = talk.scene.runner.requests[-1].history
    assert "Nobody decided in time: it was not made." in history[-1].content


async def test_a_thread_that_a_person_has_stays_with_that_person() -> None:
    talk = await Waiting.begin()
    await talk.scene.desk.people.hand_off(talk.admin, talk.thread.id, Handoff())
    talk.scene.clock.advance(DAY)
    assert await talk.scene.desk.people.watch_approvals() == 1
    assert (await talk.now()).status is ThreadStatus.HUMAN


async def test_a_thread_waits_as_long_as_one_of_its_approvals_does() -> None:
    talk = await Waiting.begin(waiting(), waiting())
    talk.scene.clock.advance(DAY / 2)
    await talk.scene.ask(talk.admin, talk.thread, "Another one!")
    talk.scene.clock.advance(DAY / 2)
    assert await talk.scene.desk.people.watch_approvals() == 1
    assert (await talk.now()).status is ThreadStatus.WAITING_APPROVAL


async def test_of_many_watchers_one_ends_an_approval() -> None:
    fakes = Fakes.new()
    talk = await Waiting.begin(fakes=fakes)
    others = [Scene.of(fakes=fakes) for _ in range(3)]
    talk.scene.clock.advance(DAY)
    ended = await asyncio.gather(*(one.desk.people.watch_approvals() for one in others))
    assert sum(ended) == 1
    assert len(await talk.scene.audited(talk.admin, "approval.expired")) == 1


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(BusyError("later"), "approval put off"), (boom, "approval not seen to")],
)
async def test_one_that_makes_trouble_keeps_no_other_waiting(
    caplog: pytest.LogCaptureFixture, trouble: BusyError, words: str
) -> None:
    talk = await Waiting.begin(waiting(call_ids=("call-1", "call-2")))
    caplog.set_level("INFO")
    talk.scene.clock.advance(DAY)
    talk.scene.storage.at_commit.append(trouble)
    assert await talk.scene.desk.people.watch_approvals() == 1
    assert words in caplog.messages
    assert await talk.scene.desk.people.watch_approvals() == 1


async def test_watching_goes_on_whatever_happens(caplog: pytest.LogCaptureFixture) -> None:
    fakes = Fakes.new()
    talk = await Waiting.begin(fakes=fakes)
    watch = talk.scene.desk.people.watch_approvals
    await talk.scene.break_storage()
    watching = asyncio.create_task(watch.keep_watching(0))
    await logged(caplog, "approvals put off")
    talk.scene.clock.advance(DAY)
    await talk.scene.mend_storage()
    while not await talk.approvals(ApprovalStatus.EXPIRED):  # noqa: ASYNC110  it tells of no change
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


class Muddled(WatchedStorage):
    """A storage that fails as none should, once."""

    @property
    def backlog(self) -> Backlog:
        if self.lost_acknowledgements:
            self.lost_acknowledgements -= 1
            raise RuntimeError("boom")
        return super().backlog


async def test_watching_goes_on_after_a_mistake_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    talk = await Waiting.begin()
    talk.scene.clock.advance(DAY)
    storage = Muddled(talk.scene.fakes.memory, lost_acknowledgements=1)
    watch = replace(talk.scene.desk.people.watch_approvals, storage=storage)
    watching = asyncio.create_task(watch.keep_watching(0))
    await logged(caplog, "watching approvals failed")
    while not await talk.approvals(ApprovalStatus.EXPIRED):  # noqa: ASYNC110  it tells of no change
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_storage_that_goes_away_meanwhile_puts_all_off() -> None:
    talk = await Waiting.begin()
    talk.scene.clock.advance(DAY)
    talk.scene.storage.at_commit.append(StorageUnavailableError("gone"))
    with pytest.raises(StorageUnavailableError):
        await talk.scene.desk.people.watch_approvals()


async def test_a_process_without_room_begins_nothing(caplog: pytest.LogCaptureFixture) -> None:
    fakes = Fakes.new()
    talk = await Waiting.begin(fakes=fakes)
    full = Scene.of(fakes=fakes, settings=DeskSettings(most_runs=0))
    await full.desk.people.decide(talk.admin, talk.approval.id, APPROVE)
    watching = asyncio.create_task(full.desk.people.watch_approvals.keep_watching(0))
    await logged(caplog, "approvals put off")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert (await talk.held()).resumed_run_id is None
