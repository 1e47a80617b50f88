"""What may be shown again of a tool call's arguments."""

import re
from collections.abc import Callable
from typing import Any, cast

from hexdesk.core.policy.storable import storable

REDACTED = "[redacted]"
SECRET_NAME = re.compile(
    r"passw|secret|token|api_?key|authorization|credential|private_?key|cookie", re.IGNORECASE
)
SECRET_VALUE = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|hxd_[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
)


def redacted(value: Any) -> Any:
    """Return a JSON value that can be kept: without what looks like a secret, by name or shape."""
    return _redacted(value, lambda text: SECRET_VALUE.sub(REDACTED, storable(text)))


def shown_to_decide(value: Any) -> Any:
    """Return a JSON value for a person to decide on: only fields named like secrets are redacted.

    Whoever allows a call must see it; what merely has the shape of a secret may be what matters.
    """
    return _redacted(value, storable)


def _redacted(value: Any, kept: Callable[[str], str]) -> Any:
    match value:
        case dict():
            return {
                _redacted(name, kept): (
                    REDACTED if _is_secret(name) and inner else _redacted(inner, kept)
                )
                for name, inner in cast("dict[Any, Any]", value).items()
            }
        case list() | tuple():
            return [_redacted(inner, kept) for inner in cast("list[Any]", value)]
        case str():
            return kept(value)
        case _:
            return value


def _is_secret(name: object) -> bool:
    return SECRET_NAME.search(str(name)) is not None
