"""Embeddings from OpenAI, or from any server that speaks its protocol."""

from collections.abc import Sequence

from openai import AsyncOpenAI, Omit, OpenAIError, omit

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.ai_config import Credentials, EmbeddingModel
from hexdesk.core.ports.embeddings import Embeddings

SECONDS = 20
MOST_TEXTS = 64
MOST_CHARACTERS = 200
NO_KEY = "no-key-is-set"
# Only these can be told how long vectors shall be; other servers refuse to be told.
SHORTENS = "text-embedding-3"
# What vectors of half precision can hold.
LARGEST = 65_504


class OpenAIEmbeddings(Embeddings):
    """Asks for vectors of many texts at once, and once more if that fails in passing."""

    def __init__(self, choice: EmbeddingModel, credentials: Credentials) -> None:
        self._choice = choice
        self._client = AsyncOpenAI(
            api_key=credentials.api_key or NO_KEY,
            base_url=credentials.base_url,
            timeout=SECONDS,
            max_retries=1,
        )

    @property
    def name(self) -> str:
        return f"{self._choice.provider}:{self._choice.model}/{self._choice.dimensions}"

    @property
    def floor(self) -> float:
        return self._choice.floor

    async def embed(self, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
        vectors: list[tuple[float, ...]] = []
        for start in range(0, len(texts), MOST_TEXTS):
            vectors += await self._some(texts[start : start + MOST_TEXTS])
        return vectors

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _some(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        choice = self._choice
        dimensions: int | Omit = choice.dimensions if choice.model.startswith(SHORTENS) else omit
        try:
            answer = await self._client.embeddings.create(
                model=choice.model,
                input=list(texts),
                encoding_format="float",
                dimensions=dimensions,
            )
        except OpenAIError as error:
            reason = f"{type(error).__name__}: {str(error)[:MOST_CHARACTERS]}"
            raise ModelUnavailableError(f"no embeddings from {choice.model!r}: {reason}") from error
        made = sorted(answer.data, key=lambda one: one.index)
        if {len(one.embedding) for one in made} != {choice.dimensions} or len(made) != len(texts):
            raise ModelUnavailableError(
                f"{choice.model!r} does not make {choice.dimensions} numbers of each text: "
                "correct embeddings.dimensions in ai_config.yaml"
            )
        if not all(abs(number) <= LARGEST for one in made for number in one.embedding):
            raise ModelUnavailableError(f"{choice.model!r} makes vectors of what are no numbers")
        return [tuple(one.embedding) for one in made]
