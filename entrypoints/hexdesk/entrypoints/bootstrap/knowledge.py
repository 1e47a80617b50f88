"""How files are found: by their words always, by what they mean where that is configured."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from hexdesk.adapters.embeddings.openai import OpenAIEmbeddings
from hexdesk.adapters.health.probes import AskingProbe
from hexdesk.core.additions import EmbeddingProvider
from hexdesk.core.model.ai_config import AIConfig, Credentials, EmbeddingModel
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.health import Probe
from hexdesk.entrypoints.settings import SettingsError

log = logging.getLogger("hexdesk.plugins")
NOTHING = Credentials()


@asynccontextmanager
async def open_embeddings(
    ai_config: AIConfig, plugins: Sequence[EmbeddingProvider] = (), *, is_strict: bool = False
) -> AsyncGenerator[Embeddings | None]:
    """Open the embedding model that is configured; None without one, or without a key for it.

    None, too, where the plugin that brings it fails; `SettingsError` if none may.
    """
    choice = ai_config.embeddings
    for provider in plugins:
        if choice is not None and choice.provider == provider.name:
            credentials = ai_config.providers.get(provider.name, NOTHING)
            yield _made_by_plugin(provider, choice, credentials, is_strict=is_strict)
            return
    if choice is None or _has_no_key(ai_config):
        yield None
        return
    credentials = ai_config.providers.get(choice.provider, NOTHING)
    async with aclosing(OpenAIEmbeddings(choice, credentials)) as embeddings:
        yield embeddings


def _made_by_plugin(
    provider: EmbeddingProvider,
    choice: EmbeddingModel,
    credentials: Credentials,
    *,
    is_strict: bool,
) -> Embeddings | None:
    try:
        return _as_embeddings(provider.make(choice, credentials))
    except Exception as error:
        # Making a model runs a stranger's code.
        if is_strict:
            reason = f"the plugin's provider {provider.name!r} makes no embedding model"
            raise SettingsError(f"{reason}: {error!r}") from error
        log.exception("plugin makes no embedding model", extra={"provider": provider.name})
        return None


def _as_embeddings(made: Embeddings) -> Embeddings:
    # Ports are inherited by name, so that what is missing is seen when it is made.
    if Embeddings not in type(made).__mro__:
        raise TypeError(f"it made {type(made).__name__} where Embeddings belong")
    return made


def knowledge_probe(
    ai_config: AIConfig,
    keeps_vectors: Callable[[], Awaitable[bool]],
    plugins: Sequence[EmbeddingProvider] = (),
    embeddings: Embeddings | None = None,
) -> Probe:
    """Return a probe that tells how files are found, and why not better."""

    async def problem() -> str | None:
        if ai_config.embeddings is None:
            return None
        # A plugin's provider knows itself whether it needs a key.
        is_plugins = ai_config.embeddings.provider in {one.name for one in plugins}
        if not is_plugins and _has_no_key(ai_config):
            provider = ai_config.embeddings.provider
            return f"vectors are off: provider {provider!r} has no key in ai_config.yaml"
        if is_plugins and embeddings is None:
            provider = ai_config.embeddings.provider
            return f"vectors are off: the plugin of provider {provider!r} failed, see the log"
        if not await keeps_vectors():
            return "vectors are off: the database was set up without the extension pgvector"
        return None

    meaning = ai_config.embeddings and f"by words, and by meaning with {ai_config.embeddings.model}"
    note = f"files are found {meaning or 'by their words'}"
    return AskingProbe(name="knowledge", problem=problem, note=note)


def _has_no_key(ai_config: AIConfig) -> bool:
    provider = ai_config.embeddings.provider if ai_config.embeddings else ""
    credentials = ai_config.providers.get(provider, NOTHING)
    return not (credentials.api_key or credentials.base_url)
