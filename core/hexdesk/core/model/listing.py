"""Lists: which part of them is asked for, and what comes back."""

from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")

MAX_LIMIT = 200
MAX_OFFSET = 10_000
MAX_TOTAL = 10_000


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list: `sort` is a field's name, `-` in front for descending; None is rank."""

    limit: int = 50
    offset: int = 0
    sort: str | None = "-created_at"


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One part of a list; `total` is exact up to 10,000, and says so where it is not."""

    data: tuple[T, ...]
    total: int
    limit: int
    offset: int
    total_is_exact: bool | UnsetType = UNSET
