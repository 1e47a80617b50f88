"""Runs by hand: what the runner is asked, and all that it tells."""

import asyncio
import dataclasses
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from hexdesk.adapters.agents.pydantic_ai import ModelShelf, PydanticAIRunner
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.ports.agents import (
    AgentRunner,
    AnswerFinished,
    RunProgress,
    RunRequest,
    StepTaken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from tests.integration.desk_with_tools import SignedIn, ToolDesk

PATIENCE_SECONDS = 30
QUESTION = "What is up with my login?"


class Told(msgspec.Struct, frozen=True):
    """All that a run told, in order."""

    progress: tuple[RunProgress, ...]

    @property
    def deltas(self) -> list[str]:
        """The answer, piece by piece."""
        return [item.text for item in self.progress if isinstance(item, TextDelta)]

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(self.deltas)

    @property
    def started(self) -> list[ToolStarted]:
        """The calls that were begun."""
        return [item for item in self.progress if isinstance(item, ToolStarted)]

    @property
    def finished(self) -> list[ToolFinished]:
        """How the calls ended."""
        return [item for item in self.progress if isinstance(item, ToolFinished)]

    @property
    def steps(self) -> list[bytes]:
        """From where another process could have gone on."""
        return [item.steps for item in self.progress if isinstance(item, StepTaken)]

    @property
    def end(self) -> AnswerFinished:
        """How the run ended; it is the last that was told, and told once."""
        ends = [item for item in self.progress if isinstance(item, AnswerFinished)]
        assert [*ends] == [self.progress[-1]]
        return ends[0]

    @property
    def kinds(self) -> list[str]:
        """What was told, with the deltas that follow each other taken as one."""
        names = [type(item).__name__ for item in self.progress]
        return [
            name
            for name, before in zip(names, ["", *names], strict=False)
            if name != "TextDelta" or before != name
        ]


def a_request(desk: ToolDesk, run: AgentRun, **changes: Any) -> RunRequest:
    """Return a question to the agent; what is no field of a request is a setting of the agent."""
    names = AgentSettings.__struct_fields__
    settings = {name: value for name, value in changes.items() if name in names}
    made = RunRequest(
        run_id=run.run_id,
        agent_id=run.agent_id,
        settings=AgentSettings(**settings),
        instructions="You help people with their tickets.",
        history=(),
        content=QUESTION,
        tools=run.tools,
        needs_approval=run.needs_approval,
        capability=desk.capability(run),
    )
    return replace(made, **{key: value for key, value in changes.items() if key not in names})


async def told(runner: AgentRunner, request: RunRequest) -> Told:
    """Do the run to its end, in good time."""
    progress: list[RunProgress] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(runner.run(request)) as items:
        async for item in items:
            progress.append(item)  # noqa: PERF401 - what was told before a failure is kept
    return Told(tuple(progress))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A run of an agent, and whom it is for."""

    desk: ToolDesk
    admin: SignedIn
    run: AgentRun
    runner: AgentRunner

    def request(self, **changes: Any) -> RunRequest:
        """Return what the runner is asked."""
        return a_request(self.desk, self.run, **changes)

    async def told(self, **changes: Any) -> Told:
        """Do the run to its end."""
        return await told(self.runner, self.request(**changes))


def with_models(scene: Scene, shelf: ModelShelf) -> Scene:
    """Return the same scene, with other models to ask."""
    runner = PydanticAIRunner(shelf=shelf, tools=scene.desk.access)
    return dataclasses.replace(scene, runner=runner)
