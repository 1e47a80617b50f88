"""Scripts for the model's part in a conversation, and gates that hold it where a test wants."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import DegradedReason, Usage
from hexdesk.core.ports.agents import (
    AnswerFinished,
    StepTaken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from hexdesk.core.testing import Script
from tests.unit.core.scenes import DEADLINE_SECONDS

USAGE = Usage(input_tokens=10, output_tokens=5, requests=1)
DONE = AnswerFinished(model="scripted", usage=USAGE)


class Gate:
    """A place in a script or a transaction: it tells when it is reached, and waits there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()

    async def wait(self) -> None:
        """Wait until somebody stands at the gate."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.reached.wait()

    def open(self) -> None:
        """Let everybody pass from now on."""
        self.opened.set()


def degraded(reason: DegradedReason, *texts: str, detail: str | None = None) -> Script:
    """Return a script that says some texts and then ends for a reason."""
    end = AnswerFinished(model="scripted", usage=USAGE, degraded_reason=reason, detail=detail)
    return (*map(TextDelta, texts), end)


def started(
    call_id: str = "call-1",
    name: str = "get_ticket",
    arguments: Mapping[str, Any] | None = None,
) -> ToolStarted:
    """Return the beginning of a tool call."""
    return ToolStarted(call_id=call_id, name=name, arguments=dict(arguments or {"ticket_id": 1}))


def finished(
    call_id: str = "call-1",
    name: str = "get_ticket",
    status: ToolUseStatus = ToolUseStatus.OK,
    error: str | None = None,
) -> ToolFinished:
    """Return the end of a tool call."""
    return ToolFinished(call_id=call_id, name=name, status=status, duration_ms=12.5, error=error)


def step(name: str = "step 1") -> StepTaken:
    """Return a step from which the run can go on."""
    return StepTaken(name.encode())
