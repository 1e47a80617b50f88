"""Channels that must be listened to are, once in the installation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.additions import Additions
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.integrations import Integration, IntegrationStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import ScriptedSource, saying
from hexdesk.core.testing.memory_channels import MemoryChannelConnections
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.use_cases.channel_sources import UNEXPECTED, ListenToSources
from hexdesk.core.use_cases.integrations import IntegrationChange
from tests.unit.core.pigeons import Flock, says
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene

# Nobody waits long, and the clock is moved by hand.
SETTINGS = DeskSettings(run_lease_seconds=0.03, sweep_seconds=0.01)


async def a_flock(channel: ScriptedSource, *texts: str) -> Flock:
    return await Flock.of(*map(saying, texts), channel=channel, settings=SETTINGS)


@asynccontextmanager
async def listening(scene: Scene) -> AsyncGenerator[None]:
    keeping = asyncio.create_task(scene.desk.channels.listen.keep_listening())
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def times(channel: ScriptedSource, count: int, flock: Flock) -> None:
    """Wait until the channel was listened to so often, letting time pass."""
    while len(channel.listened) < count:
        channel.news.clear()
        flock.scene.clock.advance(10)
        try:
            async with asyncio.timeout(0.05):
                await channel.news.wait()
        except TimeoutError:
            continue


async def shown(flock: Flock) -> Integration:
    return await flock.scene.desk.integrations.get(flock.admin, flock.integration.id)


async def noted(flock: Flock, problem: str | None) -> None:
    """Wait until the integration says so."""
    while (await shown(flock)).last_error != problem:
        flock.scene.clock.advance(1)
        await asyncio.sleep(0.01)


async def test_what_a_source_emits_is_kept_and_answered() -> None:
    channel = ScriptedSource()
    channel.runs = [(says("Hello?"), asyncio.Event().wait)]
    flock = await a_flock(channel, "Hello.")
    async with listening(flock.scene):
        await times(channel, 1, flock)
    await flock.work()
    assert await flock.contents() == ["Hello?", "Hello."]


async def test_of_two_processes_one_listens() -> None:
    channel, other = ScriptedSource(), ScriptedSource()
    flock = await a_flock(channel)
    second = Scene.of(
        fakes=flock.scene.fakes, additions=Additions(channels=(other,)), settings=SETTINGS
    )
    assert await flock.scene.desk.channels.listen.begin() == 1
    assert await second.desk.channels.listen.begin() == 0
    async with listening(flock.scene):
        await times(channel, 1, flock)
    assert other.listened == []


async def test_a_source_that_fails_is_begun_again_and_says_why() -> None:
    channel = ScriptedSource()
    channel.runs = [(UnavailableError("no pigeon flies"),)]
    flock = await a_flock(channel)
    async with listening(flock.scene):
        await noted(flock, "no pigeon flies")
        assert (await shown(flock)).status is IntegrationStatus.ERROR
        await times(channel, 2, flock)
        await noted(flock, None)
    assert (await shown(flock)).status is IntegrationStatus.OK


@pytest.mark.parametrize("error", [KeyError("boom"), ValueError("boom")])
async def test_a_source_that_breaks_is_begun_again(error: Exception) -> None:
    channel = ScriptedSource()
    channel.runs = [(error,), ()]
    flock = await a_flock(channel)
    async with listening(flock.scene):
        await noted(flock, UNEXPECTED if isinstance(error, KeyError) else "boom")
        await times(channel, 3, flock)


async def test_a_connection_that_is_changed_is_listened_to_anew() -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    async with listening(flock.scene):
        await times(channel, 1, flock)
        change = IntegrationChange(config={"loft": "spire", "secret": SECRET})
        await flock.scene.desk.integrations.change(flock.admin, flock.integration.id, change)
        await times(channel, 2, flock)
    assert [one.config.loft for one in channel.listened] == ["tower", "spire"]


async def test_a_connection_that_is_switched_off_is_left_alone() -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    listen = flock.scene.desk.channels.listen
    async with listening(flock.scene):
        await times(channel, 1, flock)
        off = IntegrationChange(is_active=False)
        await flock.scene.desk.integrations.change(flock.admin, flock.integration.id, off)
        while await is_held(flock):
            flock.scene.clock.advance(0.001)
            await asyncio.sleep(0.01)
    assert await listen.begin() == 0


async def is_held(flock: Flock) -> bool:
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        token = flock.scene.clock.new_id()
        is_free = await tx.channel_connections.hold(
            flock.integration.id, token, flock.scene.clock.now()
        )
    return not is_free


async def test_storage_that_is_gone_ends_listening_until_it_is_back() -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    async with listening(flock.scene):
        await times(channel, 1, flock)
        await flock.scene.break_storage()
        await ended(flock)
        await flock.scene.mend_storage()
        await times(channel, 2, flock)


async def test_where_no_channel_is_listened_to_nothing_is_done() -> None:
    flock = await Flock.of()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.channels.listen.keep_listening()


async def test_what_goes_wrong_in_the_looking_does_not_end_it() -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    listen = flock.scene.desk.channels.listen
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        stored = await tx.integrations.get(flock.integration.id)
        await tx.integrations.update(replace(stored, config={"nest": "old"}))
    assert await listen.begin() == 1
    async with listening(flock.scene):
        await noted(flock, "is not a known field")
    assert channel.listened == []


async def stolen(flock: Flock) -> None:
    """Have another process hold the lease, as after a long sleep of this one."""
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        clock = flock.scene.clock
        clock.advance(1)
        until = clock.now() + timedelta(days=1)
        assert await tx.channel_connections.hold(flock.integration.id, clock.new_id(), until)


async def ended(flock: Flock) -> None:
    """Wait until nobody listens here."""
    while True:
        if not flock.scene.desk.channels.listen.is_listening:
            return
        await asyncio.sleep(0)


async def test_whoever_has_lost_the_lease_listens_no_more() -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.channels.listen.begin()
        await channel.news.wait()
        await stolen(flock)
        await ended(flock)
    assert len(channel.listened) == 1


async def test_whoever_has_lost_the_lease_while_pausing_listens_no_more() -> None:
    channel = ScriptedSource()
    channel.runs = [(UnavailableError("no pigeon flies"),)]
    flock = await a_flock(channel)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.scene.desk.channels.listen.begin()
        await noted(flock, "no pigeon flies")
        await stolen(flock)
        await ended(flock)
    assert len(channel.listened) == 1


async def test_what_goes_wrong_while_looking_does_not_end_the_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)
    begin, broken = ListenToSources.begin, [KeyError("boom"), UnavailableError("gone")]

    async def stumble(self: ListenToSources) -> int:
        if broken:
            raise broken.pop()
        return await begin(self)

    monkeypatch.setattr(ListenToSources, "begin", stumble)
    async with listening(flock.scene):
        await times(channel, 1, flock)
    assert broken == []


async def test_a_lease_that_cannot_be_let_go_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = ScriptedSource()
    flock = await a_flock(channel)

    async def lose(*_: object) -> None:
        raise UnavailableError("gone")

    monkeypatch.setattr(MemoryChannelConnections, "let_go", lose)
    async with listening(flock.scene):
        await times(channel, 1, flock)
    assert await is_held(flock)


async def test_whoever_listens_goes_on_holding_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    channel, held = ScriptedSource(), asyncio.Semaphore(0)
    flock = await a_flock(channel)
    hold = MemoryChannelConnections.hold

    async def counted(self: MemoryChannelConnections, *given: Any) -> bool:
        held.release()
        return await hold(self, *given)

    monkeypatch.setattr(MemoryChannelConnections, "hold", counted)
    async with listening(flock.scene):
        for _ in range(6):
            await held.acquire()
    assert len(channel.listened) == 1
