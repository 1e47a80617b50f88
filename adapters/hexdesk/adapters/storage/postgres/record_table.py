"""How frozen values lie in tables: statements and conversions, worked out once at import."""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET
from sqlalchemy import ARRAY, Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, dialect

from hexdesk.adapters.storage.postgres.conditions import Conditions
from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.tables import Row
from hexdesk.core.errors import ConflictError, InvalidError, NotFoundError
from hexdesk.core.model.listing import MAX_TOTAL, Page, Slice

R = TypeVar("R", bound=msgspec.Struct)

_POSTGRES = dialect()
_NEVER_CHANGED = frozenset({"id", "organization_id", "created_at"})


class RecordTable(Generic[R]):
    """The values of one type, a row for each.

    The organization is read but never written: the column's default is the transaction's own.
    """

    def __init__(
        self,
        record: type[R],
        rows: type[Row],
        *,
        called: str,
        columns: Sequence[str] = (),
        unchanged: Sequence[str] = (),
    ) -> None:
        self.record = record
        self.called = called
        self.table = cast("Table", rows.__table__)
        self.name = self.table.name
        self.columns = tuple(columns) or record.__struct_fields__
        self.written = tuple(name for name in self.columns if name != "organization_id")
        fixed = _NEVER_CHANGED.union(unchanged)
        self.changed = tuple(name for name in self.columns if name not in fixed)
        self.listed = ", ".join(self.columns)
        self.select = f"SELECT {self.listed} FROM {self.name}"  # noqa: S608  names of columns
        self.insert = self.insert_with()
        self._get_written = attrgetter(*self.written)
        self._get_changed = attrgetter("id", *self.changed)
        self._update = f"{self.update_of(*self.changed)} WHERE id = $1"
        self._convert = tuple(_conversions(record, self.table, self.columns))

    def listed_as(self, alias: str) -> str:
        """List the columns of the table under another name, for a join."""
        return ", ".join(f"{alias}.{name}" for name in self.columns)

    def insert_with(self, *more: str) -> str:
        """Return the statement that stores a record, and some columns more."""
        names = (*self.written, *more)
        places = ", ".join(f"${place}" for place, _ in enumerate(names, 1))
        return f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({places})"  # noqa: S608  names of columns

    def update_of(self, *names: str) -> str:
        """Return the start of a statement that changes these columns, whose values follow $1."""
        changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, 2))
        return f"UPDATE {self.name} SET {changes}"  # noqa: S608  names of columns

    def written_values(self, record: R) -> tuple[Any, ...]:
        """Return what `insert` takes."""
        return self._get_written(record)

    def changed_values(self, record: R) -> tuple[Any, ...]:
        """Return the record's id and all that can change."""
        return self._get_changed(record)

    def read(self, row: asyncpg.Record, start: int = 0) -> R:
        """Make a record of a row whose columns from `start` on are those of this table."""
        values = list(row[start : start + len(self.columns)])
        for place, convert in self._convert:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self.build(dict(zip(self.columns, values, strict=True)))

    def build(self, values: dict[str, Any]) -> R:
        """Make a record of the values of its columns."""
        return self.record(**values)

    async def find(self, bound: BoundConnection, where: str, *values: Any) -> R | None:
        """Return the record that fits, or None."""
        row = await bound.row(f"{self.select} WHERE {where}", *values)
        return None if row is None else self.read(row)

    async def get(self, bound: BoundConnection, key: UUID, *, lock: bool = False) -> R:
        """Return the record with the id; with `lock` nobody else changes it meanwhile."""
        # What refers to a locked record can still be added.
        where = "id = $1 FOR NO KEY UPDATE" if lock else "id = $1"
        record = await self.find(bound, where, key)
        if record is None:
            raise self.not_found(key)
        return record

    async def add(self, bound: BoundConnection, record: R) -> None:
        """Store a record."""
        await bound.change(self.insert, *self.written_values(record))

    async def update(self, bound: BoundConnection, record: R) -> None:
        """Store all of a record that can change."""
        values = self.changed_values(record)
        if not await bound.change(self._update, *values):
            raise self.not_found(values[0])

    async def remove(self, bound: BoundConnection, key: UUID) -> None:
        """Remove the record with the id."""
        try:
            count = await bound.change(f"DELETE FROM {self.name} WHERE id = $1", key)  # noqa: S608  our own name
        except NotFoundError as error:  # what a foreign key is to an insert, it is not to a delete
            raise ConflictError(f"{self.called} {key!s} is still in use") from error
        if not count:
            raise self.not_found(key)

    async def page(
        self, bound: BoundConnection, part: Slice, wanted: Conditions | None = None
    ) -> Page[R]:
        """Return a part of the list of those that are wanted."""
        wanted = Conditions() if wanted is None else wanted
        count = (
            f"SELECT count(*) FROM (SELECT FROM {self.name}{wanted} LIMIT {MAX_TOTAL + 1}) AS few"  # noqa: S608  names of ours
        )
        counted = tuple(wanted.values)
        statement = (
            f"SELECT {self.listed}, ({count}) AS total FROM {self.name}{wanted}"  # noqa: S608  names of ours
            f" ORDER BY {self.order(part.sort or '-created_at')}"
            f" LIMIT {wanted.place(part.limit)} OFFSET {wanted.place(part.offset)}"
        )
        rows = await bound.rows(statement, *wanted.values)
        if rows:
            total = rows[0]["total"]
        else:
            total = await bound.value(count, *counted) if part.offset else 0
        return self.page_of(rows, total, part)

    def page_of(self, rows: Sequence[asyncpg.Record], total: int, part: Slice) -> Page[R]:
        """Return rows as the part of a list of which `total` have been counted."""
        return Page(
            data=tuple(map(self.read, rows)),
            total=min(total, MAX_TOTAL),
            limit=part.limit,
            offset=part.offset,
            total_is_exact=UNSET if total <= MAX_TOTAL else False,
        )

    def order(self, sort: str) -> str:
        """Say how to sort by a column, then by id; what has no value comes last."""
        name = sort.removeprefix("-")
        if name not in self.columns:
            raise InvalidError(f"cannot sort by {name!r}", pointer="/sort")
        column: Column[Any] = self.table.columns[name]
        direction = "DESC" if sort.startswith("-") else "ASC"
        # Every server sorts text alike, whatever language its databases were made for.
        collation = ' COLLATE "C"' if isinstance(column.type, Text) else ""
        # Without need, the words would keep PostgreSQL from reading an index backwards.
        nulls = " NULLS LAST" if column.nullable else ""
        return f"{name}{collation} {direction}{nulls}, id {direction}"

    def not_found(self, key: object) -> NotFoundError:
        """Return the error for a record that is not there."""
        return NotFoundError(f"no {self.called} {key!s}")


def _conversions(
    record: type[msgspec.Struct], table: Table, columns: Sequence[str]
) -> Iterator[tuple[int, Callable[[Any], Any]]]:
    """Yield the place of each column that the driver reads otherwise, and what makes it right."""
    hints = get_type_hints(record)
    for place, name in enumerate(columns):
        hint = hints.get(name)
        kind = table.columns[name].type.dialect_impl(_POSTGRES)
        if isinstance(kind, JSONB):
            yield place, msgspec.json.Decoder(hint).decode
        elif isinstance(kind, ARRAY):
            yield place, tuple
        elif (members := _members(hint)) is not None:
            yield place, members.__getitem__


def _members(hint: Any) -> dict[str, Enum] | None:
    """Return the members of a closed set by their values, if the hint is one."""
    if get_origin(hint) in (Union, UnionType):
        [hint] = [one for one in get_args(hint) if one is not type(None)] or [None]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {member.value: member for member in hint}
    return None
