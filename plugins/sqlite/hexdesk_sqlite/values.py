"""How values lie in SQLite, which knows numbers, text and bytes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import msgspec

from hexdesk.core import InvalidError

_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AS_THEY_ARE = (int, float, bytes)
_encode = msgspec.json.Encoder().encode


def to_time(moment: datetime) -> int:
    """Return the microseconds since 1970, which are exact and sort as moments do."""
    return (moment - _SINCE) // _MICROSECOND


def from_time(microseconds: int) -> datetime:
    """Return the moment so long after 1970."""
    return _SINCE + timedelta(microseconds=microseconds)


def to_sqlite(value: Any) -> Any:
    """Return what stands for a value in a statement; what has parts becomes JSON."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidError("a text cannot be stored: it has a character U+0000 in it")
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return to_time(value)
    return to_json(value)


def to_json(value: Any) -> str | None:
    """Return a value as JSON; None stays None."""
    return None if value is None else _encode(value).decode()


class Kind:
    """What the values of a column are, by the hint of the field that it stands for."""

    def __init__(self, hint: Any) -> None:
        of = _members(hint)
        self.is_optional = NoneType in of
        types = [one for one in of if one not in (NoneType, msgspec.UnsetType)]
        self.read: Callable[[Any], Any] | None = None
        self.write: Callable[[Any], Any] = to_sqlite
        [only] = types if len(types) == 1 else [None]
        if only in _READ:
            self.read = _READ[only]
        elif isinstance(only, type) and issubclass(only, Enum):
            self.read = {member.value: member for member in only}.__getitem__
        else:
            self.read = msgspec.json.Decoder(hint).decode
            self.write = to_json


_READ: dict[Any, Callable[[Any], Any] | None] = {
    str: None,
    int: None,
    float: None,
    bytes: None,
    bool: bool,
    UUID: UUID,
    datetime: from_time,
}


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
