"""How the desk has texts compared by what they mean."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol


class Embeddings(Protocol):
    """Makes vectors of texts: the closer two of them point, the closer is what the texts mean."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Say which model makes them, and how long they are: others cannot be compared."""

    @property
    @abstractmethod
    def floor(self) -> float:
        """Say below which cosine two texts have nothing to do with each other."""

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
        """Return a vector of each text, all equally long, or raise `ModelUnavailableError`."""
