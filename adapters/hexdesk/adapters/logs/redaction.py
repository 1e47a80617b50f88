"""Keeping secrets out of what is logged."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import msgspec

HIDDEN = "[redacted]"
MAX_DEPTH = 8

SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|token|authorization|api.?key|cookie|credential|private.?key",
    re.IGNORECASE,
)
# Which one, when and how many is no secret.
HARMLESS_NAME = re.compile(r"_(id|at|count|type|name)$", re.IGNORECASE)
SECRET_TEXT = re.compile(
    r"\bhxd_[\w-]+"  # our API keys
    r"|\bsk-[\w-]{16,}"  # model providers' keys
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON Web Tokens
    r"|(?<=bearer )\S+"
    r"|(?<=basic )\S+"
    r"|(?<=://)[^\s/@]+(?=@)",  # names and passwords in addresses
    re.IGNORECASE,
)


def redact(name: str, value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return the value as JSON can hold it, without the secrets in it."""
    if value is None or isinstance(value, bool | int | float | UUID | datetime):
        return value
    if depth == 0 or _is_secret(name):
        return HIDDEN
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {str(key): redact(str(key), inner, depth - 1) for key, inner in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(name, inner, depth - 1) for inner in cast("Collection[Any]", value)]
    if isinstance(value, msgspec.Struct):
        return redact(name, msgspec.structs.asdict(value), depth)
    return _redact_text(value)


def _redact_text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} bytes]"
    text = value if isinstance(value, str) else repr(value)
    # Half a surrogate pair, as in an odd file name, is no Unicode and would cost the whole line.
    encodable = text if text.isascii() else text.encode(errors="backslashreplace").decode()
    return SECRET_TEXT.sub(HIDDEN, encodable)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None and HARMLESS_NAME.search(name) is None
