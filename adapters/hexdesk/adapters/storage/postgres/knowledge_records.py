"""Passages of files, in PostgreSQL: found by full text, and by vectors where pgvector is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from hexdesk.adapters.storage.postgres.connection import BoundConnection
from hexdesk.adapters.storage.postgres.file_records import FILES
from hexdesk.core.model.knowledge import FoundPassage, KnownPassage, Passage, PassageVector
from hexdesk.core.ports.knowledge_records import Passages

KEEPS_VECTORS = "SELECT to_regclass('public.passage_embeddings') IS NOT NULL"

FORGET = "DELETE FROM file_passages WHERE file_id = $1"
ADD = """
    INSERT INTO file_passages (file_id, position, page, sheet, text)
    SELECT $1, * FROM unnest($2::int[], $3::int[], $4::text[], $5::text[])
"""
FORGET_VECTORS = "DELETE FROM passage_embeddings WHERE file_id = $1"
ADD_VECTORS = """
    INSERT INTO passage_embeddings (file_id, position, model, embedding)
    SELECT $1, position, $2, vector::halfvec FROM unnest($3::int[], $4::text[])
        AS made (position, vector)
"""

READABLE = """
    SELECT id FROM files
    WHERE status = 'ready' AND (
        id = ANY ($2::uuid[]) OR id IN (SELECT file_id FROM agent_files WHERE agent_id = $1)
    )
    ORDER BY created_at, id
"""
_KNOWN = "f.filename, p.file_id, p.position, p.page, p.sheet, p.text"
_OF_FILES = f"""
    SELECT {_KNOWN} FROM file_passages AS p
    JOIN files AS f ON f.organization_id = p.organization_id AND f.id = p.file_id
    WHERE p.file_id = ANY ($1::uuid[])
"""  # noqa: S608  names of columns
_IN_ORDER = "ORDER BY f.created_at, f.id, p.position"
FIRST = f"{_OF_FILES} AND p.position < $2 {_IN_ORDER}"
WHOLE = f"{_OF_FILES} {_IN_ORDER}"
LENGTH = "SELECT sum(length(text)) FROM file_passages WHERE file_id = ANY ($1::uuid[])"
SEARCH = f"""
    SELECT {_KNOWN}, found.score
    FROM search_passages($1, $2, $3) WITH ORDINALITY AS found (file_id, position, score, place)
    JOIN file_passages AS p USING (file_id, position)
    JOIN files AS f ON f.organization_id = p.organization_id AND f.id = p.file_id
    ORDER BY found.place
"""  # noqa: S608  names of columns
NEAREST = f"""
    WITH closest AS MATERIALIZED (
        -- No number comes of a vector of zeros, which has no direction.
        SELECT file_id, position,
            coalesce(nullif(1 - (embedding <=> $2::text::halfvec), 'NaN'), 0) AS cosine
        FROM passage_embeddings
        WHERE file_id = ANY ($3::uuid[]) AND model = $1
        ORDER BY cosine DESC, file_id, position LIMIT $4
    )
    SELECT {_KNOWN}, greatest(0, cosine) AS score
    FROM closest JOIN file_passages AS p USING (file_id, position)
    JOIN files AS f ON f.organization_id = p.organization_id AND f.id = p.file_id
    ORDER BY cosine DESC, p.file_id, p.position
"""  # noqa: S608  names of columns


@dataclass(slots=True)
class PostgresPassages(Passages):
    """The passages of the files of a transaction's organization."""

    bound: BoundConnection

    async def replace(self, file_id: UUID, passages: Sequence[Passage]) -> None:
        await FILES.get(self.bound, file_id, lock=True)
        await self.bound.change(FORGET, file_id)
        names = ("position", "page", "sheet", "text")
        columns = ([getattr(one, name) for one in passages] for name in names)
        await self.bound.change(ADD, file_id, *columns)

    async def put_vectors(
        self, file_id: UUID, model: str, vectors: Sequence[PassageVector]
    ) -> None:
        if not await self.bound.value(KEEPS_VECTORS):
            return
        await self.bound.change(FORGET_VECTORS, file_id)
        positions = [one.position for one in vectors]
        written = [_written(one.vector) for one in vectors]
        await self.bound.change(ADD_VECTORS, file_id, model, positions, written)

    async def readable(self, agent_id: UUID, attachments: Sequence[UUID]) -> Sequence[UUID]:
        return [row[0] for row in await self.bound.rows(READABLE, agent_id, attachments)]

    async def whole(self, file_ids: Sequence[UUID], most: int) -> Sequence[KnownPassage] | None:
        if (await self.bound.value(LENGTH, file_ids) or 0) > most:
            return None
        return [_known(row) for row in await self.bound.rows(WHOLE, file_ids)]

    async def first(self, file_ids: Sequence[UUID], count: int) -> Sequence[KnownPassage]:
        return [_known(row) for row in await self.bound.rows(FIRST, file_ids, count)]

    async def search(
        self, question: str, file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        return _found(await self.bound.rows(SEARCH, question, file_ids, limit))

    async def nearest(
        self, model: str, vector: Sequence[float], file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        if not await self.bound.value(KEEPS_VECTORS):
            return []
        written = _written(vector)
        return _found(await self.bound.rows(NEAREST, model, written, file_ids, limit))


def _written(vector: Sequence[float]) -> str:
    return f"[{','.join(map(repr, map(float, vector)))}]"


def _found(rows: Iterable[asyncpg.Record]) -> list[FoundPassage]:
    return [FoundPassage(known=_known(row), score=row["score"]) for row in rows]


def _known(row: asyncpg.Record) -> KnownPassage:
    passage = Passage(
        file_id=row["file_id"],
        position=row["position"],
        page=row["page"],
        sheet=row["sheet"],
        text=row["text"],
    )
    return KnownPassage(passage=passage, filename=row["filename"])
