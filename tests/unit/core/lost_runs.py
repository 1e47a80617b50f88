"""Runs whose process died in the middle."""

from typing import Any

from hexdesk.core.model.agents import NewAgent
from hexdesk.core.model.chat import ChatResponse, Run, Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.testing import Script
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate

LEASE = 15
"""The seconds after which a run that nobody holds may be taken."""


async def begin(scene: Scene, who: Member, thread: Thread | None = None) -> Run:
    """Send a message; its run is on its way."""
    thread = thread or await scene.thread(who)
    return await scene.desk.chat.send_message(who, thread.id, "Hello?")


async def left_behind(script: Script, *goes_on: Script, **agent: Any) -> tuple[Scene, Member, Run]:
    """Return a process that finds the run of another one, which died at the end of its script."""
    fakes, gate = Fakes.new(), Gate()
    dead, alive = Scene.of((*script, gate), fakes=fakes), Scene.of(*goes_on, fakes=fakes)
    who = await dead.founder()
    made = await dead.desk.agents.add(who, NewAgent(**agent))
    run = await begin(dead, who, await dead.thread(who, agent_id=made.id))
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    alive.clock.advance(LEASE)
    return alive, who, run


async def recovered(scene: Scene, who: Member, run: Run) -> ChatResponse:
    """Have the run taken over, and return its answer."""
    assert await scene.desk.run_desk.recover() == 1
    await scene.settle(run)
    stored = await scene.stored_run(who, run.id)
    assert stored.response
    return stored.response
