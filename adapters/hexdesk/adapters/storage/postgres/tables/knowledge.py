"""Tables of what files say, in passages that can be found."""

from uuid import UUID

from sqlalchemy import Computed, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from hexdesk.adapters.storage.postgres.tables.tenancy import TenantRow, belongs_to


class HalfVector(UserDefinedType[str]):
    """pgvector's vectors of half precision, of any length, as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return its name in SQL."""
        return "halfvec"


# How the type is called where tables are compared with a database that has it.
ischema_names["halfvec"] = HalfVector  # pyright: ignore[reportArgumentType]  it takes any type


class FilePassageRow(TenantRow):
    """What files say, cut into passages."""

    __tablename__ = "file_passages"

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    page: Mapped[int | None]
    sheet: Mapped[str | None]
    text: Mapped[str]
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('english', text)", persisted=True)
    )

    __table_args__ = (
        belongs_to("files", "file_id"),
        Index("ix_file_passages_search", "search", postgresql_using="gin"),
    )


class PassageEmbeddingRow(TenantRow):
    """Vectors of passages, by the model that made them; only where pgvector is."""

    __tablename__ = "passage_embeddings"

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    model: Mapped[str]
    embedding: Mapped[str] = mapped_column(HalfVector)

    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "file_id", "position"],
            [f"file_passages.{name}" for name in ("organization_id", "file_id", "position")],
            ondelete="CASCADE",
        ),
    )
