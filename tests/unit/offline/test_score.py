"""The score of the offline model on phrases that its rules were, and were not, written for."""

import msgspec

from hexdesk.adapters.agents.offline import Call
from hexdesk.core.tools.catalogue import BUILTIN, catalogue
from tests.unit.offline.score import TOOLS, WRITING, judge, load

# What `python -m tests.unit.offline.score` printed for the held-out set; it may only rise.
HELD_OUT_FLOOR = 242


def test_every_development_phrase_is_understood():
    misses = [each for each in map(judge, load("development")) if not each.is_right]
    assert misses == []


def test_the_held_out_score_does_not_fall():
    verdicts = [judge(phrase) for phrase in load("heldout")]
    assert sum(verdict.is_right for verdict in verdicts) >= HELD_OUT_FLOOR


def test_no_held_out_phrase_reaches_a_wrong_write():
    verdicts = [judge(phrase) for phrase in load("heldout")]
    assert [verdict for verdict in verdicts if verdict.is_wrong_write] == []


def test_the_sets_share_no_phrase():
    held_out = {(phrase.text, phrase.shown) for phrase in load("heldout")}
    development = {(phrase.text, phrase.shown) for phrase in load("development")}
    assert held_out & development == set()
    assert len(held_out) >= 80


def test_every_call_fits_the_tool_it_is_for():
    tools = catalogue()
    decisions = [
        judge(phrase).decision for name in ("development", "heldout") for phrase in load(name)
    ]
    calls = [decision for decision in decisions if isinstance(decision, Call)]
    assert len(calls) > 200
    for call in calls:
        msgspec.convert(dict(call.arguments), tools[call.tool].takes)


def test_it_knows_the_built_in_tools_and_which_of_them_write():
    assert {tool.name for tool in BUILTIN} == TOOLS
    assert {tool.name for tool in BUILTIN if not tool.read_only} == WRITING
