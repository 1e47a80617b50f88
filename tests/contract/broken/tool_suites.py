"""The contract suite over tools that are broken; each class names the test at which it must fail.

Not collected with the other tests: `test_broken_things.py` runs it.
"""

from typing import Any, ClassVar

import msgspec
import pytest

from hexdesk.core import EgressAnswer, Tool
from hexdesk.core.testing import ToolBench
from hexdesk.core.testing.tools_contract import ToolContract
from hexdesk_order_lookup import hexdesk_integration_types
from tests.contract.broken import tools

ORDER = EgressAnswer(
    status_code=200,
    headers={},
    body=msgspec.json.encode({"number": "A-1001", "status": "packed"}),
)


class BrokenTool(ToolContract):
    """A tool that asks a shop, as `broken` has it."""

    broken: ClassVar[Tool]

    @pytest.fixture
    def tool(self) -> Tool:
        return self.broken

    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"number": "A-1001"}

    @pytest.fixture
    async def bench(self, tool: Tool) -> ToolBench:
        types = tuple(hexdesk_integration_types())
        bench = await ToolBench.of((tool,), types=types, answers=(ORDER, ORDER, ORDER))
        await bench.connect("shop", url="https://shop.example/api", api_key="a-key-of-the-shop")
        return bench


class TestUnexplained(BrokenTool):
    fails_at: ClassVar = "test_a_model_can_tell_what_it_is_for"
    broken = tools.unexplained


class TestUndecided(BrokenTool):
    fails_at: ClassVar = "test_one_that_only_reads_destroys_nothing"
    broken = tools.undecided


class TestUnfaithful(BrokenTool):
    fails_at: ClassVar = "test_it_answers_as_it_declares"
    broken = tools.unfaithful


class TestTalkative(BrokenTool):
    fails_at: ClassVar = "test_a_model_is_told_no_secret"
    broken = tools.talkative


class TestTrusting(BrokenTool):
    fails_at: ClassVar = "test_what_goes_wrong_elsewhere_is_told_in_words"
    broken = tools.trusting


class TestRemembering(BrokenTool):
    fails_at: ClassVar = "test_another_organization_gets_nothing_of_this_one"
    broken = tools.remembering


class TestMeddling(BrokenTool):
    fails_at: ClassVar = "test_one_that_only_reads_changes_nothing"
    broken = tools.meddling


class TestUnrecognizable(BrokenTool):
    fails_at: ClassVar = "test_an_effect_elsewhere_bears_the_key_of_its_call"
    broken = tools.unrecognizable
