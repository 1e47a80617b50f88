"""Query parameters, read into one Struct per call."""

from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.di import Provide
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.values import converted
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.listing import MAX_LIMIT, MAX_OFFSET, Slice
from hexdesk.core.policy.changes import given

Q = TypeVar("Q", bound="ListQuery")
F = TypeVar("F", bound=msgspec.Struct)

Moment = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339, with its offset.", examples=["2026-01-01T12:00:00Z"]),
]

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
                pattern="^-?[a-z_]{1,64}$",
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

    def filled(self, shape: type[F]) -> F:
        """Return a filter of what is asked for."""
        names = shape.__struct_fields__
        return shape(**{name: value for name, value in given(self).items() if name in names})


def query(shape: type[Q]) -> dict[str, Provide]:
    """Provide the query of a call as `wanted`.

    Parameters that the call does not know are passed over; known ones come once.
    """

    def read(request: Request[Any, Any, Any]) -> Any:
        known = shape.__struct_fields__
        values: dict[str, str] = {}
        text = request.scope["query_string"].decode("latin-1")
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name in values:
                raise InvalidError("is given more than once", pointer=f"/{name}")
            if name in known:
                values[name] = value
        return converted(values, shape)

    return {"wanted": Provide(read, sync_to_thread=False)}
