"""Passages, in memory: found by counting words, and by comparing vectors."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import findall
from uuid import UUID

from hexdesk.core.model.files import FileStatus
from hexdesk.core.model.knowledge import FoundPassage, KnownPassage, Passage, PassageVector
from hexdesk.core.ports.knowledge_records import Passages
from hexdesk.core.testing.memory_records import Draft, found

_SAY_NOTHING = frozenset(
    findall(
        r"\w+",
        "a an and are be can do does for how i in is it long many much of on or take the to what",
    )
)


@dataclass(frozen=True)
class MemoryPassages(Passages):
    """The passages in a draft."""

    draft: Draft

    async def replace(self, file_id: UUID, passages: Sequence[Passage]) -> None:
        records = await self.draft.to_write()
        found(records.files, file_id, "file")
        records.passages[file_id] = tuple(passages)
        records.vectors.pop(file_id, None)

    async def put_vectors(
        self, file_id: UUID, model: str, vectors: Sequence[PassageVector]
    ) -> None:
        records = await self.draft.to_write()
        for one in vectors:
            found(dict(enumerate(records.passages.get(file_id, ()))), one.position, "passage")
        records.vectors[file_id] = (model, tuple(vectors))

    async def readable(self, agent_id: UUID, attachments: Sequence[UUID]) -> Sequence[UUID]:
        records = self.draft.records
        files = [
            file
            for file in records.files.values()
            if file.status is FileStatus.READY
            and (file.id in attachments or (agent_id, file.id) in records.agent_files)
        ]
        return [file.id for file in sorted(files, key=lambda file: (file.created_at, file.id))]

    async def whole(self, file_ids: Sequence[UUID], most: int) -> Sequence[KnownPassage] | None:
        passages = self._of(file_ids)
        length = sum(len(known.passage.text) for known in passages)
        return passages if length <= most else None

    async def first(self, file_ids: Sequence[UUID], count: int) -> Sequence[KnownPassage]:
        return [known for known in self._of(file_ids) if known.passage.position < count]

    async def search(
        self, question: str, file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        passages = self._of(file_ids)
        asked = sorted(set(_stems(question)))
        counts = [Counter(_stems(known.passage.text)) for known in passages]
        weights = {word: _weight(word, counts) for word in asked}
        ranked: list[tuple[float, FoundPassage]] = []
        for known, count in zip(passages, counts, strict=True):
            has = [word for word in asked if count[word]]
            if has:
                rank = sum(weights[word] * (2 - 1 / count[word]) for word in has)
                score = sum(weights[word] for word in has) / sum(weights.values())
                ranked.append((rank / (1 + math.log(count.total())), _found(known, score)))
        ranked.sort(key=lambda one: (-one[0], one[1].known.place))
        return [one for _, one in ranked[:limit]]

    async def nearest(
        self, model: str, vector: Sequence[float], file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        ranked = [
            _found(known, max(0.0, _cosine(vector, other)))
            for known in self._of(file_ids)
            if (other := self._vector(known, model)) is not None
        ]
        return sorted(ranked, key=lambda one: (-one.score, one.known.place))[:limit]

    def _vector(self, known: KnownPassage, model: str) -> tuple[float, ...] | None:
        file_id, position = known.place
        made_by, vectors = self.draft.records.vectors.get(file_id, (model, ()))
        mine = [one.vector for one in vectors if one.position == position and made_by == model]
        return mine[0] if mine else None

    def _of(self, file_ids: Iterable[UUID]) -> list[KnownPassage]:
        records = self.draft.records
        wanted = [records.files[one] for one in set(file_ids) if one in records.files]
        return [
            KnownPassage(passage=passage, filename=file.filename)
            for file in sorted(wanted, key=lambda file: (file.created_at, file.id))
            for passage in records.passages.get(file.id, ())
        ]


def _found(known: KnownPassage, score: float) -> FoundPassage:
    return FoundPassage(known=known, score=score)


def _weight(word: str, counts: Sequence[Counter[str]]) -> float:
    having = sum(1 for count in counts if count[word])
    return math.log(1 + (len(counts) - having + 0.5) / (having + 0.5))


def _stems(text: str) -> list[str]:
    """Return the words that say something, without endings that a text search looks past."""
    words = [word for word in findall(r"\w+", text.lower()) if word not in _SAY_NOTHING]
    return [word.removesuffix("s").removesuffix("ed").removesuffix("ing") for word in words]


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    length = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0
