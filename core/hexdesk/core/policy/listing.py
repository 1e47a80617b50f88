"""How lists may be sorted."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.listing import Page, Slice

T = TypeVar("T")
SCALARS = (str, int, float, bool, UUID, datetime, Enum)


@cache
def sortable(item: type) -> frozenset[str]:
    """Return the names of an item's scalar fields."""
    return frozenset(name for name, hint in get_type_hints(item).items() if _is_scalar(hint))


def check_sort(item: type, sort: str | None) -> None:
    """Raise `InvalidError` for a sort that names no scalar field of the item."""
    if sort is not None and sort.removeprefix("-") not in sortable(item):
        names = ", ".join(sorted(sortable(item)))
        raise InvalidError(f"cannot sort by {sort!r}: choose one of {names}", pointer="/sort")


def part_of(items: Sequence[T], part: Slice) -> Page[T]:
    """Return a part of a list that is whole in memory; unsorted if `sort` is None, nulls last."""
    return Page(
        data=_in_order(items, part.sort)[part.offset : part.offset + part.limit],
        total=len(items),
        limit=part.limit,
        offset=part.offset,
    )


def _in_order(items: Sequence[T], sort: str | None) -> tuple[T, ...]:
    if sort is None:
        return tuple(items)
    name = sort.removeprefix("-")
    filled = [item for item in items if getattr(item, name) is not None]
    missing = [item for item in items if getattr(item, name) is None]
    filled.sort(
        key=lambda item: (getattr(item, name), getattr(item, "id", None)),
        reverse=sort.startswith("-"),
    )
    return (*filled, *missing)


def _is_scalar(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        inner = [one for one in get_args(hint) if one is not type(None)]
        return len(inner) == 1 and _is_scalar(inner[0])
    return isinstance(hint, type) and issubclass(hint, SCALARS)
