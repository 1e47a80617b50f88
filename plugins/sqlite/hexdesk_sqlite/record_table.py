"""How frozen values lie in tables: statements and conversions, worked out once at import."""

import sqlite3
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

import msgspec
from msgspec import UNSET

from hexdesk.core import ConflictError, InvalidError, NotFoundError, Page, Slice
from hexdesk.core.model.listing import MAX_TOTAL
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.values import Kind

R = TypeVar("R", bound=msgspec.Struct)

_NEVER_CHANGED = frozenset({"id", "organization_id", "created_at"})


class RecordTable(Generic[R]):
    """The values of one type, a row for each.

    What is read comes from the view of a table that shows one organization; what is written goes
    to the table itself, in `main`. The organization is read but never written: the column's
    default is the transaction's own.
    """

    def __init__(
        self,
        record: type[R],
        name: str,
        *,
        called: str,
        columns: Sequence[str] = (),
        unchanged: Sequence[str] = (),
    ) -> None:
        self.record = record
        self.called = called
        self.name = name
        self.columns = tuple(columns) or record.__struct_fields__
        self.written = tuple(name for name in self.columns if name != "organization_id")
        fixed = _NEVER_CHANGED.union(unchanged)
        self.changed = tuple(name for name in self.columns if name not in fixed)
        self.listed = ", ".join(self.columns)
        self.select = f"SELECT {self.listed} FROM {self.name}"  # noqa: S608  names of columns
        self.insert = self.insert_with()
        self._get_written = attrgetter(*self.written)
        self._get_changed = attrgetter("id", *self.changed)
        self._update = f"{self.update_of(*self.changed)} AND id = ?1"
        hints = self.hints()
        self.kinds = {name: Kind(hints[name]) for name in self.columns}
        self._reads = tuple(
            (place, kind.read)
            for place, kind in enumerate(self.kinds.values())
            if kind.read is not None
        )

    def hints(self) -> dict[str, Any]:
        """Return the type of each column."""
        return get_type_hints(self.record)

    def listed_as(self, alias: str) -> str:
        """List the columns of the table under another name, for a join."""
        return ", ".join(f"{alias}.{name}" for name in self.columns)

    def insert_with(self, *more: str) -> str:
        """Return the statement that stores a record, and some columns more."""
        names = (*self.written, *more)
        places = ", ".join(f"?{place}" for place, _ in enumerate(names, 1))
        return f"INSERT INTO main.{self.name} ({', '.join(names)}) VALUES ({places})"  # noqa: S608  names of columns

    def update_of(self, *names: str, also: str = "") -> str:
        """Return the start of a statement that changes these columns, whose values follow ?1.

        What follows it are conditions, with AND.
        """
        changes = ", ".join(f"{name} = ?{place}" for place, name in enumerate(names, 2))
        return f"UPDATE main.{self.name} SET {changes}{also} WHERE {OURS}"  # noqa: S608  names of columns

    def write(self, name: str, value: Any) -> Any:
        """Return what a value of a column is in a statement."""
        return self.kinds[name].write(value)

    def written_values(self, record: R) -> tuple[Any, ...]:
        """Return what `insert` takes."""
        return tuple(map(self.write, self.written, self._get_written(record)))

    def changed_values(self, record: R) -> tuple[Any, ...]:
        """Return the record's id and all that can change."""
        key, *values = self._get_changed(record)
        return (key, *map(self.write, self.changed, values))

    def values_of(self, record: R, names: Sequence[str]) -> tuple[Any, ...]:
        """Return what some columns of a record are in a statement."""
        return tuple(self.write(name, getattr(record, name)) for name in names)

    def read(self, row: sqlite3.Row, start: int = 0) -> R:
        """Make a record of a row whose columns from `start` on are those of this table."""
        values = list(row[start : start + len(self.columns)])
        for place, convert in self._reads:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self.build(dict(zip(self.columns, values, strict=True)))

    def build(self, values: dict[str, Any]) -> R:
        """Make a record of the values of its columns."""
        return self.record(**values)

    async def find(
        self, bound: BoundConnection, where: str, *values: Any, lock: bool = False
    ) -> R | None:
        """Return the record that fits, or None; with `lock` nobody changes it meanwhile."""
        if lock:
            await bound.lock()
        row = await bound.row(f"{self.select} WHERE {where}", *values)
        return None if row is None else self.read(row)

    async def get(self, bound: BoundConnection, key: UUID, *, lock: bool = False) -> R:
        """Return the record with the id; with `lock` nobody else changes it meanwhile."""
        record = await self.find(bound, "id = ?1", key, lock=lock)
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
            count = await bound.change(
                f"DELETE FROM main.{self.name} WHERE {OURS} AND id = ?1",  # noqa: S608  our own name
                key,
            )
        except NotFoundError as error:  # what a foreign key is to an insert, it is not to a delete
            raise ConflictError(f"{self.called} {key!s} is still in use") from error
        if not count:
            raise self.not_found(key)

    async def page(
        self, bound: BoundConnection, part: Slice, wanted: Conditions | None = None
    ) -> Page[R]:
        """Return a part of the list of those that are wanted."""
        wanted = Conditions() if wanted is None else wanted
        order = self.order(part.sort or "-created_at")
        total = await self.count(bound, wanted)
        statement = (
            f"{self.select}{wanted} ORDER BY {order}"
            f" LIMIT {wanted.place(part.limit)} OFFSET {wanted.place(part.offset)}"
        )
        return self.page_of(await bound.rows(statement, *wanted.values), total, part)

    async def count(self, bound: BoundConnection, wanted: Conditions) -> int:
        """Count those that are wanted, up to one more than is told."""
        some = f"SELECT 1 FROM {self.name}{wanted} LIMIT {MAX_TOTAL + 1}"  # noqa: S608  names of ours
        return await bound.value(f"SELECT count(*) FROM ({some})", *wanted.values)  # noqa: S608  names of ours

    def page_of(self, rows: Sequence[sqlite3.Row], total: int, part: Slice) -> Page[R]:
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
        direction = "DESC" if sort.startswith("-") else "ASC"
        # Without need, the words would keep SQLite from reading an index backwards.
        nulls = " NULLS LAST" if self.kinds[name].is_optional else ""
        return f"{name} {direction}{nulls}, id {direction}"

    def not_found(self, key: object) -> NotFoundError:
        """Return the error for a record that is not there."""
        return NotFoundError(f"no {self.called} {key!s}")
