"""Whether arguments fit what a server says of its tool, as far as that is cheap to tell.

Only the first level is looked at, and no pattern of the server's is ever tried: a schema is
written by strangers, and the server checks the rest itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


JSON_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    # No float is made of an int, which may be greater than any.
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def mistake(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the arguments, in words for the model; None if nothing is found."""
    properties = _object(schema.get("properties"))
    missing = [name for name in _names(schema.get("required")) if name not in arguments]
    if missing:
        return f"{missing[0]!r} is missing"
    for name, value in arguments.items():
        if name not in properties:
            if schema.get("additionalProperties") is False:
                known = ", ".join(sorted(properties)) or "none"
                return f"there is no {name!r}; known are {known}"
            continue
        expected = _object(properties[name])
        wrong = _wrong_type(expected, value) or _not_listed(expected, value)
        if wrong:
            return f"{name!r} {wrong}"
    return None


def _wrong_type(expected: Mapping[str, Any], value: Any) -> str | None:
    kinds = expected.get("type")
    names = [kinds] if isinstance(kinds, str) else _names(kinds)
    # A type that nobody knows here is the server's business.
    if not names or any(name not in JSON_TYPES for name in names):
        return None
    if any(JSON_TYPES[name](value) for name in names):
        return None
    return f"must be {' or '.join(names)}"


def _not_listed(expected: Mapping[str, Any], value: Any) -> str | None:
    listed = expected.get("enum")
    if not isinstance(listed, list) or value in listed:
        return None
    return "must be one of those that its schema lists"


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _names(value: Any) -> list[str]:
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [one for one in found if isinstance(one, str)]
