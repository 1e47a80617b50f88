"""What every embedding model does.

class TestMyEmbeddings(EmbeddingsContract):
@pytest.fixture
def embeddings(self) -> Embeddings: ...

@pytest.fixture
def broken_embeddings(self) -> Embeddings:
"One whose model cannot be reached."
"""

import math

import pytest

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.ports.embeddings import Embeddings


def cosine(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return how far two vectors point the same way."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))


class EmbeddingsContract:
    """Vectors of texts."""

    async def test_texts_that_are_alike_have_vectors_that_are(self, embeddings: Embeddings) -> None:
        question, near, far = await embeddings.embed(
            ["How long do refunds take?", "A refund takes 14 days.", "The kettle is blue."]
        )
        assert cosine(question, near) > embeddings.floor > cosine(question, far)

    async def test_vectors_come_in_the_order_of_the_texts(self, embeddings: Embeddings) -> None:
        # Names of letters: there are models that look past numbers.
        names = [f"{first}{second}" * 3 for first in "abcdefg" for second in "hijklmnopq"]
        texts = [f"a note on {name}" for name in names]
        vectors = await embeddings.embed(texts)
        assert len(vectors) == 70
        [last] = await embeddings.embed(texts[-1:])
        assert cosine(last, vectors[-1]) == pytest.approx(1, abs=1e-4)
        assert cosine(last, vectors[0]) < cosine(last, vectors[-1]) - 1e-3
        assert len({len(vector) for vector in vectors}) == 1

    async def test_nothing_comes_of_nothing(self, embeddings: Embeddings) -> None:
        assert tuple(await embeddings.embed([])) == ()

    async def test_a_name_says_how_long_vectors_are(self, embeddings: Embeddings) -> None:
        [vector] = await embeddings.embed(["text"])
        assert embeddings.name.endswith(f"/{len(vector)}")

    async def test_a_model_that_is_gone_is_told(self, broken_embeddings: Embeddings) -> None:
        with pytest.raises(ModelUnavailableError):
            await broken_embeddings.embed(["text"])
