"""What all tables share: their types, their names, and the organization that owns each row."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from advanced_alchemy.types import GUID, DateTimeUTC, JsonB
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# The organization that a transaction is bound to; NULL, and so nobody's, when it is not. Written
# as PostgreSQL writes it back, so that tables and migrations can be compared.
THIS_ORGANIZATION = "(NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid"


class Row(DeclarativeBase):
    """A table. Statements at run time are built from its columns; nothing is loaded through it."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bytes: LargeBinary,
        datetime: DateTimeUTC,
        dict[str, Any]: JsonB,
        float: Double,
        int: Integer,
        list[UUID]: ARRAY(GUID),
        list[str]: ARRAY(Text),
        str: Text,
        UUID: GUID,
    }


class TenantRow(Row):
    """A table of which an organization sees only its own rows.

    The organization leads the primary key: every index begins with it, and no foreign key can
    point into another organization.
    """

    __abstract__ = True

    organization_id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text(THIS_ORGANIZATION), sort_order=-2
    )


class IdentifiedRow(TenantRow):
    """A table whose rows have an id of their own."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


def of_an_organization() -> ForeignKeyConstraint:
    """Tie a row to its organization, where nothing else that it belongs to does."""
    return ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE")


def belongs_to(
    table: str, column: str, *, on_delete: str | None = "CASCADE"
) -> ForeignKeyConstraint:
    """Tie a row to one of the same organization that it cannot be without."""
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{table}.organization_id", f"{table}.id"], ondelete=on_delete
    )


def refers_to(table: str, column: str) -> ForeignKeyConstraint:
    """Tie a row to one of the same organization that it outlives."""
    # Without the column's name the organization would be set to NULL too.
    return belongs_to(table, column, on_delete=f"SET NULL ({column})")


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Let only the members of a closed set into a column."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
