"""Knowing what files say: made findable when a file is read, found when a question is asked."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from hexdesk.core.errors import DeskError, ModelUnavailableError
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter, FileStatus
from hexdesk.core.model.knowledge import (
    FoundPassage,
    Knowledge,
    KnownPassage,
    Passage,
    PassageVector,
    UnreadFile,
)
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import System
from hexdesk.core.policy.knowledge import MOST_PASSAGES, WHOLE_CHARACTERS, fenced, fitting, fused
from hexdesk.core.policy.passages import split
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.file_processing import Indexer
from hexdesk.core.use_cases.task_types import Store

log = logging.getLogger("hexdesk.knowledge")

_ON_THE_WAY = frozenset({FileStatus.QUEUED, FileStatus.PROCESSING})

BATCH = 64
LOOKED_AT = 3 * MOST_PASSAGES
# A passage is given if it has this much of the question; docs/explanation/knowledge.md tells what
# that lets through and what it keeps out.
WORDS_FLOOR = 0.3
FIRST_PASSAGES = 3
# A person waits meanwhile.
EMBEDDING_SECONDS = 5
LONGEST_EMBEDDED = 4000
LOOK_AGAIN_SECONDS = 0.25
NOT_YET = "it is still being read; ask again in a moment"
NOTHING = Knowledge()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks, and which files may hold the answer.

    `attached` came with the message itself, `attached_earlier` with those that the model is given
    before it. `room` is how many characters the answer to this may take, `patience` how many
    seconds to wait until what came with the message has been read.
    """

    organization_id: UUID
    agent_id: UUID
    text: str
    attached: tuple[UUID, ...] = ()
    attached_earlier: tuple[UUID, ...] = ()
    room: int
    patience: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindKnowledge:
    """Find what the files that an agent knows, and those attached in its thread, say."""

    storage: Storage
    embeddings: Embeddings | None = None

    async def __call__(self, question: Question) -> Knowledge:
        """Return the passages to give to the model: all of them if they are few, else the best.

        Of what came with the message itself the beginning is given if nothing in it fits: the
        question may be what it is about; and what of it cannot be read is named. Without embeddings
        words alone decide, and without storage there is nothing: an answer that knows less is
        better than none.
        """
        try:
            return await self._find(question)
        except DeskError as error:
            about = {"agent_id": str(question.agent_id), "reason": str(error)}
            log.warning("knowledge not found", extra=about)
            return NOTHING

    async def _find(self, question: Question) -> Knowledge:
        who = System(organization_id=question.organization_id)
        unread = await self._unread(who, question)
        if len(fenced((), unread)) > question.room:
            unread = ()
        passages = await self._passages(who, question)
        return Knowledge(passages=fitting(passages, question.room, unread), unread=unread)

    async def _unread(self, who: System, question: Question) -> tuple[UnreadFile, ...]:
        """Return what came with the message and has not been read, in the time there is for it."""
        if not question.attached:
            return ()
        files = await self._came_with(who, question)
        for _ in range(int(question.patience / LOOK_AGAIN_SECONDS)):
            if not any(file.status in _ON_THE_WAY for file in files):
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            files = await self._came_with(who, question)
        return tuple(_unread(file) for file in files if file.status is not FileStatus.READY)

    async def _came_with(self, who: System, question: Question) -> Sequence[File]:
        wanted, part = FileFilter(ids=question.attached), Slice(limit=len(question.attached))
        async with self.storage.transaction(who) as tx:
            return (await tx.files.page(wanted, part)).data

    async def _passages(self, who: System, question: Question) -> Sequence[KnownPassage]:
        """Return the passages to be given, the most important ones first."""
        async with self.storage.transaction(who) as tx:
            attached = (*question.attached, *question.attached_earlier)
            files = await tx.passages.readable(question.agent_id, attached)
            if not files:
                return ()
            whole = await tx.passages.whole(files, WHOLE_CHARACTERS)
            if whole is not None and len(fitting(whole, question.room)) == len(whole):
                return whole
            by_words = await tx.passages.search(question.text, files, LOOKED_AT)
            beginnings = await _beginnings(tx, question)
        by_meaning = await self._nearest(who, question, files)
        best = fused(_above(by_words, WORDS_FLOOR), by_meaning)[:MOST_PASSAGES]
        if not any(known.passage.file_id in question.attached for known in best):
            best = (*beginnings, *best)
        return best

    async def _nearest(
        self, who: System, question: Question, files: Sequence[UUID]
    ) -> Sequence[FoundPassage]:
        if self.embeddings is None:
            return ()
        try:
            async with asyncio.timeout(EMBEDDING_SECONDS):
                [vector] = await self.embeddings.embed([question.text[:LONGEST_EMBEDDED]])
        except (ModelUnavailableError, TimeoutError) as error:
            reason = str(error) or "it took too long"
            log.warning("question not embedded", extra={"reason": reason})
            return ()
        async with self.storage.transaction(who) as tx:
            found = await tx.passages.nearest(self.embeddings.name, vector, files, LOOKED_AT)
        return _above(found, self.embeddings.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile(Indexer):
    """Make findable what a file says: by its words, and by what it means if that can be had."""

    embeddings: Embeddings | None = None

    async def __call__(self, file: File, sections: Sequence[Section]) -> Store:
        passages = split(file.id, sections)
        name = self.embeddings.name if self.embeddings else ""
        vectors = await self._vectors(passages)

        async def store(tx: Transaction) -> None:
            await tx.passages.replace(file.id, passages)
            if vectors:
                await tx.passages.put_vectors(file.id, name, vectors)

        return store

    async def _vectors(self, passages: Sequence[Passage]) -> list[PassageVector]:
        vectors: list[PassageVector] = []
        if self.embeddings is None:
            return vectors
        for start in range(0, len(passages), BATCH):
            texts = [passage.text for passage in passages[start : start + BATCH]]
            try:
                made = await self.embeddings.embed(texts)
            except ModelUnavailableError as error:
                log.warning("file not embedded", extra={"reason": str(error)})
                return []
            vectors += [
                PassageVector(position=position, vector=vector)
                for position, vector in enumerate(made, start)
            ]
        return vectors


def _unread(file: File) -> UnreadFile:
    reason = NOT_YET if file.status in _ON_THE_WAY else f"it could not be read: {file.error}"
    return UnreadFile(filename=file.filename, reason=reason)


async def _beginnings(tx: Transaction, question: Question) -> Sequence[KnownPassage]:
    if not question.attached:
        return ()
    return await tx.passages.first(question.attached, FIRST_PASSAGES)


def _above(found: Iterable[FoundPassage], floor: float) -> list[FoundPassage]:
    return [one for one in found if one.score >= floor]
