"""Conversations with an agent, through the desk."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import AgentChange, AgentView, NewAgent
from hexdesk.core.model.chat import ChatResponse, RunEvent
from hexdesk.core.use_cases.threads import NewThread
from tests.integration.desk_with_tools import SignedIn, ToolDesk

PATIENCE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A thread of one member with one agent."""

    desk: ToolDesk
    person: SignedIn
    agent: AgentView
    thread_id: UUID

    @classmethod
    async def begin(cls, desk: ToolDesk, person: SignedIn, **settings: Any) -> Self:
        """Start a thread with a new agent that has these settings."""
        agent = await desk.desk.agents.add(person.who, NewAgent(**settings))
        return await cls.begin_with(desk, person, agent)

    @classmethod
    async def begin_with(cls, desk: ToolDesk, person: SignedIn, agent: AgentView) -> Self:
        """Start a thread with an agent."""
        thread = await desk.desk.chat.start_thread(person.who, NewThread(agent_id=agent.id))
        return cls(desk=desk, person=person, agent=agent, thread_id=thread.id)

    async def say(self, content: str) -> ChatResponse:
        """Send a message and wait for the answer."""
        chat = self.desk.desk.chat
        async with asyncio.timeout(PATIENCE_SECONDS):
            run = await chat.send_message(self.person.who, self.thread_id, content)
            return await chat.await_answer(self.person.who, run)

    async def listen(self, content: str) -> list[RunEvent]:
        """Send a message and follow the run to its end."""
        chat = self.desk.desk.chat
        async with asyncio.timeout(PATIENCE_SECONDS):
            run = await chat.send_message(self.person.who, self.thread_id, content)
            events = await chat.follow_run(self.person.who, self.thread_id, run.id)
            async with aclosing(events):
                return [event async for event in events]

    async def change(self, admin: SignedIn, **settings: Any) -> None:
        """Change the agent."""
        await self.desk.desk.agents.change(admin.who, self.agent.id, AgentChange(**settings))


def deltas(events: list[RunEvent]) -> list[str]:
    """Return the pieces that the answer came in."""
    return [msgspec.json.decode(one.data)["text"] for one in events if one.type == "text.delta"]
