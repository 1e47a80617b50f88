"""What is logged says whose it is, and nothing of anybody else."""

import io
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
import structlog

from hexdesk.adapters.logs.structlog import CHATTY_LIBRARIES, configure
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.chat import Run, RunEvent
from hexdesk.core.testing import examples
from tests.e2e.isolation.companies import Company
from tests.e2e.isolation.exchange import everything_of, make
from tests.e2e.isolation.installation import Installation
from tests.e2e.isolation.routes import CASES

NAMES = ("", *CHATTY_LIBRARIES)
Line = dict[str, Any]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Log to a text, as a server logs, and take back what that changed."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in NAMES}
    # `configure` closes the handlers that it replaces; pytest's are still needed.
    root.handlers = []
    stream = io.StringIO()
    configure("info", stream=stream)
    yield stream
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[Line]:
    """Return what was logged since the last time."""
    logged = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return [msgspec.json.decode(line) for line in logged.splitlines()]


async def test_a_call_about_anothers_things_is_logged_as_the_callers(
    acme: Company, rival: Company, stream: io.StringIO
):
    await everything_of(acme)
    lines(stream)
    for route, case in CASES.items():
        await make(rival.admin, route, acme.names)
        logged = lines(stream)
        assert logged, route
        assert acme.known_in(str(logged)) == set(), route
        expected = None if case.is_public else rival.names["organization_id"]
        assert {line.get("organization_id") for line in logged} == {expected}, (route, logged)


async def test_what_a_run_logs_names_its_company(
    acme: Company, rival: Company, stream: io.StringIO
):
    await everything_of(acme)
    lines(stream)
    # An unknown tool is refused, and that is logged where the run is done.
    await rival.tell_to_call("read_everything", of=acme.names["organization_id"])
    logged = lines(stream)
    assert "security violation: unauthorized tool" in {line["event"] for line in logged}
    assert {line["organization_id"] for line in logged} == {rival.names["organization_id"]}
    assert acme.known_in(str(logged)) == set()


async def test_what_is_logged_of_a_run_that_was_taken_over_names_its_company(
    installation: Installation, rival: Company, stream: io.StringIO
):
    run = await an_abandoned_run(installation, rival)
    lines(stream)
    # Nobody's request is at hand: what is known of the company, the run itself must say.
    structlog.contextvars.clear_contextvars()
    assert await installation.desk.run_desk.recover() == 1
    await installation.desk.run_desk.ended(run.id)
    logged = lines(stream)
    expected = {"run taken over", "security violation: unauthorized tool"}
    assert {line["event"] for line in logged} == expected
    assert {line["organization_id"] for line in logged} == {rival.names["organization_id"]}


async def an_abandoned_run(installation: Installation, company: Company) -> Run:
    """Store a message to the company's agent, and a run for it whose process is gone."""
    wish = '{"tool": "read_everything", "arguments": {}}'
    thread = examples.a_thread(
        examples.an_agent(company.who.organization_id, id=UUID(company.names["agent_id"])),
        user_id=company.who.user_id,
    )
    message = examples.a_message(thread.id, content=wish, user_id=company.who.user_id)
    settings = AgentSettings(model_provider="nobody", model_name="none", use_streaming=False)
    run = examples.a_run(
        thread,
        message,
        company.who,
        lease_until=examples.LONG_AGO,
        settings=settings,
        created_at=installation.desk.ports.clock.now(),
    )
    started = RunEvent(id=1, type="run.started", data=msgspec.Raw(b"{}"))
    async with installation.desk.ports.storage.transaction(company.who) as transaction:
        await transaction.threads.add(thread)
        await transaction.messages.add(message)
        await transaction.runs.begin(run)
        await transaction.event_log.add(run.id, [started])
    return run
