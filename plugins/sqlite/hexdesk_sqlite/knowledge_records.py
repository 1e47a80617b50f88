"""Passages of files, in SQLite: found by their words and by what they mean."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.model.knowledge import FoundPassage, KnownPassage, Passage, PassageVector
from hexdesk.core.ports.knowledge_records import Passages
from hexdesk_sqlite.conditions import OURS
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.file_records import FILES
from hexdesk_sqlite.vectors import packed
from hexdesk_sqlite.words import quoted, words_of

FORGET = f"DELETE FROM main.file_passages WHERE {OURS} AND file_id = ?1"  # noqa: S608  words of ours
ADD = """
    INSERT INTO main.file_passages (file_id, position, page, sheet, text)
    VALUES (?1, ?2, ?3, ?4, ?5)
"""
READABLE = """
    SELECT id FROM files
    WHERE status = 'ready' AND (
        id IN (SELECT value FROM json_each(?2))
        OR id IN (SELECT file_id FROM agent_files WHERE agent_id = ?1)
    )
    ORDER BY created_at, id
"""
_OF_FILES = """
    SELECT f.filename, p.file_id, p.position, p.page, p.sheet, p.text FROM file_passages AS p
    JOIN files AS f ON f.id = p.file_id
    WHERE p.file_id IN (SELECT value FROM json_each(?1))
"""
_IN_ORDER = "ORDER BY f.created_at, f.id, p.position"
FIRST = f"{_OF_FILES} AND p.position < ?2 {_IN_ORDER}"
WHOLE = f"{_OF_FILES} {_IN_ORDER}"
AT = f"""
    {_OF_FILES} AND p.position IN (SELECT value FROM json_each(?2))
"""  # noqa: S608  words of ours
SIZE = """
    SELECT count(*) AS passages, coalesce(sum(length(text)), 0) AS letters
    FROM file_passages WHERE file_id IN (SELECT value FROM json_each(?1))
"""
# The index of words knows no organizations: what it finds is looked up among the ones that show.
HITS = """
    SELECT p.file_id, p.position, bm25(passage_words) AS rank
    FROM main.passage_words JOIN file_passages AS p ON p.place = passage_words.rowid
    WHERE passage_words MATCH ?2 AND p.file_id IN (SELECT value FROM json_each(?1))
"""
FORGET_VECTORS = f"DELETE FROM main.passage_vectors WHERE {OURS} AND file_id = ?1"  # noqa: S608  words of ours
ADD_VECTOR = """
    INSERT INTO main.passage_vectors (file_id, position, model, vector) VALUES (?1, ?2, ?3, ?4)
"""
NEAREST = """
    SELECT file_id, position, cosine(vector, ?2) AS closeness FROM passage_vectors
    WHERE file_id IN (SELECT value FROM json_each(?3)) AND model = ?1
    ORDER BY closeness DESC, file_id, position LIMIT ?4
"""

Place = tuple[str, int]


@dataclass(slots=True)
class SqlitePassages(Passages):
    """The passages of the files of a transaction's organization."""

    bound: BoundConnection

    async def replace(self, file_id: UUID, passages: Sequence[Passage]) -> None:
        await FILES.get(self.bound, file_id, lock=True)
        await self.bound.change(FORGET, file_id)
        rows = [(file_id, one.position, one.page, one.sheet, one.text) for one in passages]
        await self.bound.change_each(ADD, rows)

    async def put_vectors(
        self, file_id: UUID, model: str, vectors: Sequence[PassageVector]
    ) -> None:
        await self.bound.change(FORGET_VECTORS, file_id)
        rows = [(file_id, one.position, model, packed(one.vector)) for one in vectors]
        await self.bound.change_each(ADD_VECTOR, rows)

    async def readable(self, agent_id: UUID, attachments: Sequence[UUID]) -> Sequence[UUID]:
        found = await self.bound.rows(READABLE, agent_id, list(attachments))
        return [UUID(row[0]) for row in found]

    async def whole(self, file_ids: Sequence[UUID], most: int) -> Sequence[KnownPassage] | None:
        [size] = await self.bound.rows(SIZE, list(file_ids))
        if size["letters"] > most:
            return None
        return [_known(row) for row in await self.bound.rows(WHOLE, list(file_ids))]

    async def first(self, file_ids: Sequence[UUID], count: int) -> Sequence[KnownPassage]:
        return [_known(row) for row in await self.bound.rows(FIRST, list(file_ids), count)]

    async def search(
        self, question: str, file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        words = words_of(question)
        if not words:
            return []
        [size] = await self.bound.rows(SIZE, list(file_ids))
        scores, ranks = await self._weigh(words, file_ids, size["passages"])
        best = sorted(ranks, key=lambda place: (-ranks[place], place))[:limit]
        known = await self._at(best)
        return [FoundPassage(known=known[place], score=scores[place]) for place in best]

    async def nearest(
        self, model: str, vector: Sequence[float], file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        asked = packed(vector)
        rows = await self.bound.rows(NEAREST, model, asked, list(file_ids), limit)
        known = await self._at([(row["file_id"], row["position"]) for row in rows])
        return [
            FoundPassage(
                known=known[row["file_id"], row["position"]], score=max(0.0, row["closeness"])
            )
            for row in rows
        ]

    async def _weigh(
        self, words: Sequence[str], file_ids: Sequence[UUID], passages: int
    ) -> tuple[dict[Place, float], dict[Place, float]]:
        """Return the scores and ranks of the passages that have some of the words.

        The score is the weight of the words that a passage has, by that of all of them.

        A word's weight is its inverse document frequency among the passages of these files, as in
        BM25; for the rank it counts by how well the passage fits it beside the one that fits best.
        """
        scores: defaultdict[Place, float] = defaultdict(float)
        ranks: defaultdict[Place, float] = defaultdict(float)
        total = 0.0
        for word in words:
            hits = await self.bound.rows(HITS, list(file_ids), quoted(word))
            weight = math.log(1 + (passages - len(hits) + 0.5) / (len(hits) + 0.5))
            total += weight
            best = min((hit["rank"] for hit in hits), default=0)
            for hit in hits:
                place = (hit["file_id"], hit["position"])
                scores[place] += weight
                ranks[place] += weight * hit["rank"] / best
        return {place: score / total for place, score in scores.items()}, ranks

    async def _at(self, places: Sequence[Place]) -> dict[Place, KnownPassage]:
        file_ids = list({file_id for file_id, _ in places})
        positions = list({position for _, position in places})
        rows = await self.bound.rows(AT, file_ids, positions)
        return {(row["file_id"], row["position"]): _known(row) for row in rows}


def _known(row: sqlite3.Row) -> KnownPassage:
    passage = Passage(
        file_id=UUID(row["file_id"]),
        position=row["position"],
        page=row["page"],
        sheet=row["sheet"],
        text=row["text"],
    )
    return KnownPassage(passage=passage, filename=row["filename"])
