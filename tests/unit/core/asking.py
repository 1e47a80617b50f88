"""Asking an agent once, and looking at what came of it."""

from typing import Any

from msgspec.structs import replace

from hexdesk.core.model.agents import NewAgent
from hexdesk.core.model.chat import (
    ChatResponse,
    Message,
    MessageRole,
    Run,
    RunEvent,
    Thread,
)
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.testing import Script
from tests.unit.core.scenes import Scene


async def ask(scene: Scene, who: Member, **settings: Any) -> ChatResponse:
    """Ask an agent with these settings."""
    agent = await scene.desk.agents.add(who, NewAgent(**settings))
    return await scene.ask(who, await scene.thread(who, agent_id=agent.id))


async def events_of(scene: Scene, who: Person, response: ChatResponse) -> list[RunEvent]:
    """Return the events of the run that gave an answer."""
    run = await scene.stored_run(who, response.run_id)
    return await scene.follow(who, run)


async def asked(*scripts: Script, **settings: Any) -> tuple[Scene, Member, ChatResponse]:
    """Return a scene in which an agent with these settings was asked once."""
    scene = Scene.of(*scripts)
    who = await scene.founder()
    return scene, who, await ask(scene, who, **settings)


def content(response: ChatResponse) -> str:
    """Return what was answered."""
    assert response.message
    return response.message.content


async def begin_with(scene: Scene, who: Person, thread: Thread, **settings: Any) -> Run:
    """Begin a run with settings that no tenant could choose, and have it done."""
    async with scene.fakes.memory.transaction(who) as tx:
        found = await tx.threads.with_agent(thread.id)
        message = Message(
            id=scene.clock.new_id(),
            thread_id=thread.id,
            role=MessageRole.USER,
            content="Hello?",
            created_at=scene.clock.now(),
        )
        task = await scene.desk.run_desk.assignments.new(tx, who, found, message, 0)
        assert task
        await tx.messages.add(message)
        await tx.event_log.add(task.run.id, task.seen)
    run = replace(task.run, settings=replace(task.run.settings, **settings))
    scene.desk.run_desk.start(replace(task, run=run))
    return run
