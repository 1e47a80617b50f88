"""Answers that are shown in a channel while they are made."""

import asyncio
from typing import Any

from hexdesk.core.errors import (
    OutcomeUnknownError,
)
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import Script
from hexdesk.core.testing.scripted_channel import ScriptedStreaming
from tests.unit.core.pigeons import Flock, says
from tests.unit.core.scenes import DEADLINE_SECONDS
from tests.unit.core.scripts import DONE, Gate
from tests.unit.core.tasks import do

WHOLE = "It has shipped, and arrives tomorrow."
FIRST, SECOND = "It has shipped, and ", "arrives tomorrow."
AT_ONCE = DeskSettings(flush_seconds=0)
HASTY = DeskSettings(flush_seconds=0, run_lease_seconds=0.03)
UNKNOWN = OutcomeUnknownError("the line went dead")


def slowly(gate: Gate) -> Script:
    """Return an answer that waits at a gate half-way."""
    return (TextDelta(FIRST), gate, TextDelta(SECOND), DONE)


async def of(channel: ScriptedStreaming, first: Script, *more: Script, **others: Any) -> Flock:
    """Return a flock whose agent answers no sooner than somebody is there to show it."""
    return await Flock.of((channel.began.wait, *first), *more, channel=channel, **others)


async def asked(*scripts: Script, **others: Any) -> tuple[Flock, ScriptedStreaming]:
    """Return a flock that has been asked; the run may be under way."""
    channel = ScriptedStreaming()
    given: dict[str, Any] = {"settings": AT_ONCE} | others
    flock = await of(channel, *scripts, **given)
    await flock.post(says("Where is it?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    return flock, channel


async def half_shown(**others: Any) -> tuple[Flock, ScriptedStreaming, Gate]:
    """Return a flock of whose answer the first half can be seen."""
    gate, seen = Gate(), Gate()
    seen.open()
    channel = ScriptedStreaming()
    channel.streams = [seen]
    given: dict[str, Any] = {"settings": AT_ONCE} | others
    flock = await Flock.of(slowly(gate), channel=channel, **given)
    await flock.post(says("Where is it?"))
    for task in await flock.due("channel_message"):
        await do(flock.scene.desk.task_desk, task)
    await seen.wait()
    return flock, channel, gate


async def finish(flock: Flock, gate: Gate) -> None:
    gate.open()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await flock.settle()
