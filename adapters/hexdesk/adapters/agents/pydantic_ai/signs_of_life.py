"""Whether models answer, asked seldom: many agents share a model, and each request costs."""

import asyncio
import logging
from dataclasses import dataclass, field

from cachetools import TTLCache
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.messages import ModelRequest
from pydantic_ai.settings import ModelSettings

from hexdesk.adapters.agents.pydantic_ai.failures import words
from hexdesk.adapters.agents.pydantic_ai.models import ChosenModel

TTL_SECONDS = 60
MOST_MODELS = 1000
QUESTION = "Answer with the word: here"
# The fewest that every provider takes.
FEWEST_TOKENS = 16

log = logging.getLogger("hexdesk.agents")


def _unknown() -> TTLCache[str, bool]:
    return TTLCache[str, bool](MOST_MODELS, TTL_SECONDS)


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """Remembers for a minute which models have answered."""

    answers: TTLCache[str, bool] = field(default_factory=_unknown)

    async def of(self, chosen: ChosenModel, seconds: float) -> bool:
        """Tell whether the model answers within so many seconds."""
        if chosen.name not in self.answers:
            self.answers[chosen.name] = await _answers(chosen, seconds)
        return self.answers[chosen.name]


async def _answers(chosen: ChosenModel, seconds: float) -> bool:
    settings = ModelSettings(max_tokens=FEWEST_TOKENS, timeout=seconds)
    try:
        async with asyncio.timeout(seconds):
            question = ModelRequest.user_text_prompt(QUESTION)
            await model_request(chosen.model, [question], model_settings=settings)
    except (AgentRunError, UserError, TimeoutError) as error:
        log.warning(
            "model gives no sign of life", extra={"model": chosen.name, "reason": words(error)}
        )
        return False
    return True
