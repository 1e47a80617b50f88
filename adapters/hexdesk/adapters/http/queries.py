"""Query parameters, read into one Struct per call."""

import re
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.values import converted
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.listing import MAX_LIMIT, MAX_OFFSET, Slice
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.mistakes import escaped

T = TypeVar("T", bound=msgspec.Struct)

Moment = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339, with its offset.", examples=["2026-01-01T12:00:00Z"]),
]

NUMBERS = frozenset({"limit", "offset"})
DIGITS = re.compile("-?[0-9]{1,18}")
NEWEST_FIRST = "-created_at"
OLDEST_FIRST = "created_at"


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many items at most.")] = 50
    offset: Annotated[int, Meta(ge=0, le=MAX_OFFSET, description="How many items to skip.")] = 0
    sort: (
        Annotated[
            str,
            Meta(
                pattern="^-?[a-z0-9_]{1,64}$",
                description="A scalar field of the items; `-` in front sorts descending.",
                examples=[NEWEST_FIRST],
            ),
        ]
        | UnsetType
    ) = UNSET

    def part(self, default: str | None = NEWEST_FIRST) -> Slice:
        """Return the part that is asked for, in the default order unless another is named."""
        sort = default if self.sort is UNSET else self.sort
        return Slice(limit=self.limit, offset=self.offset, sort=sort)

    def filled(self, shape: type[T]) -> T:
        """Return a filter of what is asked for."""
        names = shape.__struct_fields__
        return shape(**{name: value for name, value in given(self).items() if name in names})


def read_query(text: bytes, shape: type[T] | None) -> T | None:
    """Read a query as the shape that the call knows, if it knows any.

    A parameter that the call does not know, or that comes twice, is refused: whoever misspells a
    filter must not be told of everything.
    """
    known = shape.__struct_fields__ if shape else ()
    values: dict[str, str | int] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            raise InvalidError("is not a known query parameter", pointer=f"/{escaped(name)}")
        if name in values:
            raise InvalidError("is given more than once", pointer=f"/{name}")
        values[name] = int(value) if name in NUMBERS and DIGITS.fullmatch(value) else value
    return converted(values, shape) if shape else None
