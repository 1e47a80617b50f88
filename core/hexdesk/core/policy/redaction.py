"""What may be shown again of a tool call's arguments."""

import re
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
    match value:
        case dict():
            return {
                redacted(name): REDACTED if _is_secret(name) and inner else redacted(inner)
                for name, inner in cast("dict[Any, Any]", value).items()
            }
        case list() | tuple():
            return [redacted(inner) for inner in cast("list[Any]", value)]
        case str():
            return SECRET_VALUE.sub(REDACTED, storable(value))
        case _:
            return value


def _is_secret(name: object) -> bool:
    return SECRET_NAME.search(str(name)) is not None
