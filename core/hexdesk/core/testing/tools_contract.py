"""What every tool does: the suite that a plugin's tool passes before agents get it.

    class TestFindOrder(ToolContract):
        @pytest.fixture
        def tool(self) -> Tool: ...

        @pytest.fixture
        def arguments(self) -> dict[str, Any]: ...

        @pytest.fixture
        async def bench(self) -> ToolBench: ...

`arguments` are some with which the tool answers, and `bench` has the tool, what it needs connected,
and answers of the other systems. The suite runs under anyio's pytest plugin in auto mode.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from hexdesk.core.errors import (
    DeskError,
    EgressRefusedError,
    RetryAfterError,
    UnavailableError,
)
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.testing.recording_egress import Posted
from hexdesk.core.testing.tool_bench import ToolBench
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.tickets import NewTicket

NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
LONGEST_DESCRIPTION = 1024
CANARY = "the canary of Acme"
WITHOUT_EFFECT = frozenset({"GET", "HEAD", "OPTIONS"})


def _said(status_code: int, body: bytes) -> EgressAnswer:
    return EgressAnswer(status_code=status_code, headers={}, body=body)


TROUBLE: Mapping[str, EgressAnswer | DeskError] = {
    "gone": UnavailableError("it cannot be reached"),
    "refused": EgressRefusedError("it may not be called from here"),
    "busy": RetryAfterError("it asks to wait", retry_after=7),
    "broken": _said(500, b"\0 no JSON \xff"),
    "not there": _said(404, b""),
    "locked": _said(401, b'{"error": "no"}'),
    "empty": _said(200, b""),
    "a page": _said(200, b"<html>Sign in</html>"),
    "a list": _said(200, b"[]"),
    "an object of others": _said(200, b'{"a": null}'),
    "nothing": _said(200, b"null"),
}


class ToolContract:
    """What holds of every tool."""

    def test_a_model_can_tell_what_it_is_for(self, tool: Tool) -> None:
        assert NAME.match(tool.name)
        assert 0 < len(tool.description) <= LONGEST_DESCRIPTION
        assert tool.input_schema()["type"] == "object"

    def test_one_that_only_reads_destroys_nothing(self, tool: Tool) -> None:
        assert not (tool.read_only and tool.destructive)

    async def test_it_answers_as_it_declares(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        answer = await bench.call(tool.name, **arguments)
        assert answer.error is None
        assert msgspec.json.encode(msgspec.convert(answer.value, tool.returns))

    async def test_a_model_is_told_no_secret(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        for trouble in (None, *TROUBLE.values()):
            if trouble is not None:
                bench.egress.answer_always(trouble)
            told = str(await bench.call(tool.name, **arguments))
            assert [one for one in bench.secrets if one in told] == []

    @pytest.mark.parametrize("trouble", TROUBLE)
    async def test_what_goes_wrong_elsewhere_is_told_in_words(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench, trouble: str
    ) -> None:
        bench.egress.answer_always(TROUBLE[trouble])
        answer = await bench.call(tool.name, **arguments)
        assert answer.error != f"{tool.name} failed"

    async def test_another_organization_gets_nothing_of_this_one(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        await bench.desk.tickets.create(bench.member, NewTicket(title=CANARY))
        first = await bench.call(tool.name, **arguments)
        before = len(bench.egress.posted)
        theirs = await bench.call_as_stranger(tool.name, **arguments)
        sent = _texts(bench.egress.posted[before:])
        assert [one for one in (CANARY, *bench.secrets) if one in f"{theirs}{sent}"] == []
        # Whoever has connected nothing is not answered out of another's systems.
        assert not bench.secrets or theirs.value is None or theirs.value != first.value

    async def test_one_that_only_reads_changes_nothing(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        await bench.desk.tickets.create(bench.member, NewTicket(title=CANARY))
        before = await bench.tickets()
        await bench.call(tool.name, **arguments)
        assert not tool.read_only or await bench.tickets() == before

    async def test_a_repeated_call_changes_the_desk_once(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        run = await bench.run(tool.name)
        await bench.call_in(run, tool.name, **arguments)
        once = await bench.tickets()
        await bench.call_in(run, tool.name, **arguments)
        assert await bench.tickets() == once

    async def test_an_effect_elsewhere_bears_the_key_of_its_call(
        self, tool: Tool, arguments: dict[str, Any], bench: ToolBench
    ) -> None:
        run = await bench.run(tool.name)
        await bench.call_in(run, tool.name, call_id="the-call", **arguments)
        key = f"{run.run_id}:the-call"
        effects = [one for one in bench.egress.posted if one.method not in WITHOUT_EFFECT]
        assert tool.read_only or [one for one in effects if key not in _texts([one])] == []


def _texts(requests: Sequence[Posted]) -> str:
    return "\n".join(f"{one.url} {one.headers} {one.body!r}" for one in requests)
