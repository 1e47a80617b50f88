"""What exactly is approved: one call in the one form that its arguments have."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.model.approvals import ApprovedCall
from hexdesk.core.policy.approvals import canonical, covers, decided_call_id, digest
from hexdesk.core.testing.examples import new_id
from tests.unit.core.laws import law

CALL = ApprovedCall(call_id="call_1", tool="delete_ticket", arguments_hash=digest({"id": 1}))
SCALARS = some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | some.text(max_size=9)
VALUES = some.recursive(
    SCALARS,
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = some.dictionaries(some.text(max_size=5), VALUES, max_size=4)


def test_arguments_have_one_form_whatever_their_order() -> None:
    assert canonical({"b": {"y": 2, "x": [1, "ä"]}, "a": None}) == (
        '{"a":null,"b":{"x":[1,"ä"],"y":2}}'.encode()
    )
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({}) == hashlib.sha256(b"{}").hexdigest()


@law
@given(arguments=OBJECTS)
def test_a_hash_stays_the_same_on_the_way_to_the_tool_server(arguments: dict[str, Any]) -> None:
    there = json.loads(json.dumps(msgspec.json.decode(canonical(arguments))))
    assert digest(there) == digest(arguments)


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": {1: 2}}], ids=["half", "number"])
def test_what_is_no_json_has_no_form(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        canonical(value)
    assert not covers(CALL, CALL.call_id, CALL.tool, value)


def test_an_approval_covers_the_very_call_and_no_other() -> None:
    assert covers(CALL, "call_1", "delete_ticket", {"id": 1})
    assert not covers(CALL, "call_1", "delete_ticket", {"id": 2})
    assert not covers(CALL, "call_1", "delete_ticket", {"id": 1.5})
    assert not covers(CALL, "call_1", "get_ticket", {"id": 1})
    assert not covers(CALL, "call_2", "delete_ticket", {"id": 1})
    assert not covers(CALL, None, "delete_ticket", {"id": 1})
    assert not covers(None, "call_1", "delete_ticket", {"id": 1})


def test_a_decided_call_has_an_id_that_every_provider_takes() -> None:
    assert len(decided_call_id(new_id())) <= 40
