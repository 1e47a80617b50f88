"""Records of what files say, in passages that can be found."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.knowledge import FoundPassage, KnownPassage, Passage, PassageVector


class Passages(Protocol):
    """The passages of the organization's files; those of a removed file are gone with it."""

    @abstractmethod
    async def replace(self, file_id: UUID, passages: Sequence[Passage]) -> None:
        """Store the passages of a file in place of those, and the vectors, that it had."""

    @abstractmethod
    async def put_vectors(
        self, file_id: UUID, model: str, vectors: Sequence[PassageVector]
    ) -> None:
        """Store what a model makes of a file's passages; nothing where no vectors are kept."""

    @abstractmethod
    async def readable(self, agent_id: UUID, attachments: Sequence[UUID]) -> Sequence[UUID]:
        """Return which files can be read: of those the agent knows and of these, oldest first."""

    @abstractmethod
    async def whole(self, file_ids: Sequence[UUID], most: int) -> Sequence[KnownPassage] | None:
        """Return all passages of files, in order; None if they have more characters than that."""

    @abstractmethod
    async def first(self, file_ids: Sequence[UUID], count: int) -> Sequence[KnownPassage]:
        """Return so many passages from the beginning of each file."""

    @abstractmethod
    async def search(
        self, question: str, file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        """Return the passages of files that have words of a question, best first.

        Rare words count more than frequent ones. The score is the share of the question that a
        passage has: the weights of the words that it has, by those of all the question's words.
        """

    @abstractmethod
    async def nearest(
        self, model: str, vector: Sequence[float], file_ids: Sequence[UUID], limit: int
    ) -> Sequence[FoundPassage]:
        """Return the passages whose vectors by this model are closest, best first.

        The score is the cosine, and 0 for one below. Nothing where no vectors are kept.
        """
