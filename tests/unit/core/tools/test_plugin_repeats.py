"""Calls of plugins' tools that come twice: each is made once, since its effect lies elsewhere."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hexdesk.core.additions import Additions
from hexdesk.core.errors import (
    StorageUnavailableError,
    ToolAccessDeniedError,
    ToolFailedError,
)
from hexdesk.core.tools.context import ToolContext
from hexdesk.core.tools.tool import Tool, tool
from tests.unit.core.scenes import Scene


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str


class Seen(msgspec.Struct, frozen=True):
    facts: dict[str, Any]


def desk_with(brought: Tool) -> Scene:
    return Scene.of(additions=Additions(tools=(replace(brought, source="shop"),)))


def refunding(effects: list[str], *outcomes: BaseException) -> Tool:
    """Return a tool with an effect elsewhere, which ends in these ways first."""
    left = list(outcomes)

    @tool
    async def refund(context: ToolContext, arguments: Order) -> Seen:
        """Give the money back."""
        effects.append(arguments.number)
        if left:
            raise left.pop(0)
        return Seen(facts={"number": arguments.number, "refunds": len(effects)})

    return refund


async def test_a_call_of_a_run_that_comes_twice_is_made_once() -> None:
    effects: list[str] = []
    scene = desk_with(refunding(effects))
    run = await scene.agent_run(await scene.founder(), "refund")

    answers = [
        await scene.desk.call_tool(run, "refund", {"number": "7"}, call_id="c1") for _ in range(2)
    ]

    assert effects == ["7"]
    assert answers[0] == answers[1]
    assert answers[0].value["facts"] == {"number": "7", "refunds": 1}


async def test_another_call_and_a_members_own_are_made_each_time() -> None:
    effects: list[str] = []
    scene = desk_with(refunding(effects))
    admin = await scene.founder()
    run = await scene.agent_run(admin, "refund")

    for who, call_id in ((run, "c1"), (run, "c2"), (run, None), (admin, "c1"), (admin, "c1")):
        await scene.desk.call_tool(who, "refund", {"number": "7"}, call_id=call_id)

    assert len(effects) == 5


@pytest.mark.parametrize(
    ("error", "words", "is_denied"),
    [
        (ToolFailedError("the bank is closed"), "the bank is closed", False),
        (RuntimeError("a secret of theirs"), "refund failed", False),
        (ToolAccessDeniedError("not for you"), "not for you", True),
        (StorageUnavailableError("theirs"), "refund is temporarily unavailable", False),
    ],
)
async def test_an_error_is_the_answer_to_the_repeat_since_the_effect_may_be_there(
    error: BaseException, words: str, *, is_denied: bool
) -> None:
    effects: list[str] = []
    scene = desk_with(refunding(effects, error))
    run = await scene.agent_run(await scene.founder(), "refund")

    for _ in range(2):
        answer = await scene.desk.call_tool(run, "refund", {"number": "7"}, call_id="c1")
        assert (answer.error, answer.is_denied) == (words, is_denied)

    assert effects == ["7"]


class ProcessEndedError(BaseException):
    """Stands for the end of the process."""


async def test_a_call_that_was_cut_short_is_not_made_again() -> None:
    effects: list[str] = []
    scene = desk_with(refunding(effects, ProcessEndedError()))
    run = await scene.agent_run(await scene.founder(), "refund")

    with pytest.raises(ProcessEndedError):
        await scene.desk.call_tool(run, "refund", {"number": "7"}, call_id="c1")
    again = await scene.desk.call_tool(run, "refund", {"number": "7"}, call_id="c1")

    assert "how it ended is not known" in (again.error or "")
    assert effects == ["7"]


async def test_what_only_reads_is_asked_anew() -> None:
    scene = desk_with(replace(refunding([]), read_only=True))
    run = await scene.agent_run(await scene.founder(), "refund")

    answers = [
        await scene.desk.call_tool(run, "refund", {"number": "7"}, call_id="c1") for _ in range(2)
    ]

    assert [one.value["facts"]["refunds"] for one in answers] == [1, 2]
