"""Which model answers: the agent's, then the fallback chain, then the offline model."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cachetools import LRUCache
from openai import AsyncOpenAI
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import Provider, infer_provider, infer_provider_class

from hexdesk.adapters.agents.pydantic_ai.chat_completions import PlainChatModel, plain_client
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import Credentials, ModelChoice, Models

log = logging.getLogger("hexdesk.models")
NO_KEY = "no-key-is-set"
MOST_MODELS = 500


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model that can be asked, with the name that answers carry."""

    name: str
    model: Model


def _empty_shelf() -> LRUCache[ModelChoice, Model | None]:
    return LRUCache(MOST_MODELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShelf:
    """Makes models and keeps them: a model holds its provider's connections.

    `plugins` make those of the providers that they are named for.

    `offline` makes the model that stands in when nothing in the chain has a key and no tenant
    chose the model; without it there is none.
    """

    models: Models = field(default_factory=Models)
    credentials: Mapping[str, Credentials] = field(default_factory=dict[str, Credentials])
    plugins: Mapping[str, Callable[[str, Credentials], Model]] = field(
        default_factory=dict[str, Callable[[str, Credentials], Model]]
    )
    offline: Callable[[], Model] | None = None
    _made: LRUCache[ModelChoice, Model | None] = field(default_factory=_empty_shelf)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)
    _providers: dict[str, Provider[object]] = field(default_factory=dict[str, "Provider[object]"])
    _clients: list[AsyncOpenAI] = field(default_factory=list[AsyncOpenAI])
    _offline: list[Model] = field(default_factory=list[Model])

    def chain(self, settings: AgentSettings, *, inherits_model: bool) -> tuple[ChosenModel, ...]:
        """Return the models to ask, in order; empty if none can be asked."""
        chain = tuple(
            ChosenModel(str(choice), model)
            for choice in self._choices(settings)
            if (model := self._model(choice)) is not None
        )
        if chain or not inherits_model or self.offline is None:
            return chain
        if not self._offline:
            self._offline.append(self.offline())
        return (ChosenModel(self._offline[0].model_name, self._offline[0]),)

    async def prepare(self, settings: AgentSettings) -> None:
        """Make the models that `chain` will return, beside what else is going on.

        The library of a provider may take seconds to load.
        """
        if any(choice not in self._made for choice in self._choices(settings)):
            async with self._making:
                await asyncio.to_thread(self.chain, settings, inherits_model=True)

    async def aclose(self) -> None:
        """Close the connections to all providers."""
        for client in self._clients:
            await client.close()
        for provider in self._providers.values():
            async with provider:
                pass  # on leaving, a provider closes what it opened when first asked

    def _choices(self, settings: AgentSettings) -> Iterable[ModelChoice]:
        first = ModelChoice(settings.model_provider, settings.model_name)
        return dict.fromkeys((first, *self.models.fallback))

    def _model(self, choice: ModelChoice) -> Model | None:
        if choice not in self._made:
            try:
                self._made[choice] = self._make(choice)
            except (UserError, ValueError, ImportError) as error:
                log.info("model not available", extra={"model": str(choice), "reason": str(error)})
                self._made[choice] = None
        return self._made[choice]

    def _make(self, choice: ModelChoice) -> Model:
        credentials = self.credentials.get(choice.provider)
        if choice.provider in self.plugins:
            return self.plugins[choice.provider](choice.name, credentials or Credentials())
        if choice.provider == "openai" and credentials and credentials.base_url:
            # Servers that speak OpenAI's protocol speak chat completions, seldom Responses.
            return PlainChatModel(
                choice.name, self._client(credentials.base_url, credentials.api_key)
            )
        return infer_model(str(choice), self._provider)

    def _client(self, base_url: str, api_key: str | None) -> AsyncOpenAI:
        if not self._clients:
            self._clients.append(plain_client(base_url, api_key or NO_KEY))
        return self._clients[0]

    def _provider(self, name: str) -> Provider[object]:
        if name not in self._providers:
            credentials = self.credentials.get(name)
            given = {
                key: value
                for key in ("api_key", "base_url")
                if credentials and (value := getattr(credentials, key))
            }
            made = infer_provider_class(name)(**given) if given else infer_provider(name)
            self._providers[name] = made
        return self._providers[name]
