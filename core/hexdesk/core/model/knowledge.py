"""What an agent knows from files: passages, and where each of them stands."""

from uuid import UUID

import msgspec


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a file's text; `position` counts from 0 within the file."""

    file_id: UUID
    position: int
    page: int | None = None
    sheet: str | None = None
    text: str


class KnownPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as a model is given it and as an answer may quote it."""

    passage: Passage
    filename: str

    @property
    def place(self) -> tuple[UUID, int]:
        """Which passage it is, in the organization."""
        return self.passage.file_id, self.passage.position


class UnreadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a message, and why nothing of it is known."""

    filename: str
    reason: str


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What files say to a question, and of which files nothing can be said."""

    passages: tuple[KnownPassage, ...] = ()
    unread: tuple[UnreadFile, ...] = ()


class FoundPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that may answer a question; `score` is between 0 and 1, more is better."""

    known: KnownPassage
    score: float


class PassageVector(msgspec.Struct, frozen=True, kw_only=True):
    """What an embedding model makes of the passage at a position."""

    position: int
    vector: tuple[float, ...]
