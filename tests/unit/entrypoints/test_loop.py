"""The servers' own event loop carries what the core asks of a loop."""

import asyncio
from collections.abc import AsyncGenerator

from hexdesk.core.model.chat import RunEvent
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import MemoryEvents, MemoryStorage, SteadyClock
from hexdesk.core.testing.companies import a_company, a_conversation
from hexdesk.core.use_cases.run_log import TOOL_STARTED, RunLog
from hexdesk.entrypoints import loop


def test_what_is_said_at_once_and_then_a_tool_call_is_told_in_order() -> None:
    # What uvloop returns for "at once" is no timer, and has no time.
    loop.run(_talk())


async def _talk() -> None:
    clock = SteadyClock()
    storage, events = MemoryStorage(clock), MemoryEvents()
    company = await a_company(storage)
    conversation = await a_conversation(company)
    run = conversation.run
    events.open(run.id)
    stream = events.follow(run.id, 0)
    assert stream
    heard = asyncio.ensure_future(_types(stream))
    await asyncio.sleep(0)  # the listener begins
    assert events.is_followed(run.id)
    run_log = RunLog(
        run=run,
        who=System(organization_id=company.organization.id),
        storage=storage,
        clock=clock,
        events=events,
        settings=DeskSettings(),
    )
    run_log.add_text("I'll look. ")
    run_log.add(TOOL_STARTED, {"call_id": "1", "name": "get_ticket", "arguments": {}})
    await run_log.flush()
    events.close(run.id)
    assert await heard == ["text.delta", "tool.started"]


async def _types(stream: AsyncGenerator[RunEvent]) -> list[str]:
    return [event.type async for event in stream]
