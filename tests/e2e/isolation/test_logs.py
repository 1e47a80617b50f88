"""What is logged says whose it is, and nothing of anybody else."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from hexdesk.adapters.logs.structlog import CHATTY_LIBRARIES, configure
from tests.e2e.isolation.companies import Company
from tests.e2e.isolation.exchange import everything_of, make
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
