"""What is found wrong with arguments, of a schema that a stranger wrote."""

from typing import Any

import pytest

from hexdesk.core.policy.tool_arguments import mistake

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order": {"type": "string", "pattern": "(a+)+$"},
        "count": {"type": "integer"},
        "price": {"type": ["number", "null"]},
        "state": {"enum": ["open", "sent"]},
        "odd": {"type": "money"},
        "loose": True,
        "list": {"type": "array"},
        "whole": {"type": "object"},
        "yes": {"type": "boolean"},
    },
    "required": ["order"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "arguments",
    [
        {"order": "a" * 100 + "b"},
        {"order": "", "count": 3, "price": None, "state": "sent"},
        {"order": "", "count": 3.0, "price": 1.5, "odd": object(), "loose": 1},
        {"order": "", "count": 10**400, "price": -(10**400)},
        {"order": "", "list": [], "whole": {}, "yes": True},
    ],
)
def test_what_fits_as_far_as_it_is_looked_at_passes(arguments: dict[str, Any]) -> None:
    assert mistake(SCHEMA, arguments) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "'order' is missing"),
        ({"order": 7}, "'order' must be string"),
        ({"order": "", "count": True}, "'count' must be integer"),
        ({"order": "", "count": 1.5}, "'count' must be integer"),
        ({"order": "", "count": float("inf")}, "'count' must be integer"),
        ({"order": "", "price": "1"}, "'price' must be number or null"),
        ({"order": "", "state": "lost"}, "'state' must be one of those that its schema lists"),
        ({"order": "", "colour": "red"}, "there is no 'colour'; known are count, list, loose"),
    ],
)
def test_what_does_not_fit_is_said(arguments: dict[str, Any], words: str) -> None:
    found = mistake(SCHEMA, arguments)
    assert found
    assert found.startswith(words)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": [], "required": "order"},
        {"properties": {"a": {"type": 7, "enum": "a"}}, "required": [7]},
        {"properties": None, "required": None},
    ],
)
def test_a_schema_that_says_nothing_forbids_nothing(schema: dict[str, Any]) -> None:
    assert mistake(schema, {"a": 1, "b": 2}) is None


def test_a_tool_that_takes_nothing_says_so() -> None:
    assert mistake({"additionalProperties": False}, {"a": 1}) == "there is no 'a'; known are none"
