"""Embeddings without a model: texts are alike as far as their words have the same letters."""

import hashlib
import math
from collections.abc import Sequence
from re import findall

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.ports.embeddings import Embeddings

LETTERS = 4


class NgramEmbeddings(Embeddings):
    """Makes vectors of letters; `is_down = True` takes it away. Records what it was given."""

    def __init__(self, dimensions: int = 256, floor: float = 0.25) -> None:
        self.is_down = False
        self.texts: list[str] = []
        self._dimensions = dimensions
        self._floor = floor

    @property
    def name(self) -> str:
        return f"ngrams/{self._dimensions}"

    @property
    def floor(self) -> float:
        return self._floor

    async def embed(self, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
        if self.is_down:
            raise ModelUnavailableError("the embedding model is down")
        self.texts += texts
        return [ngram_vector(text, self._dimensions) for text in texts]


def ngram_vector(text: str, dimensions: int) -> tuple[float, ...]:
    """Return the vector of a text: how often it has which letters in a row, of length 1."""
    values = [0.0] * dimensions
    for word in findall(r"\w{3,}", text.lower()):
        padded = f" {word} "
        for start in range(len(padded) - LETTERS + 1):
            letters = padded[start : start + LETTERS].encode()
            values[int.from_bytes(hashlib.sha256(letters).digest()[:4]) % dimensions] += 1
    length = math.hypot(*values) or 1
    return tuple(value / length for value in values)
