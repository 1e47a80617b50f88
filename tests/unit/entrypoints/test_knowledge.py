"""Which embedding model is opened, and what health says where there is none."""

from collections.abc import Callable
from typing import Any

import pytest

from hexdesk.core.additions import EmbeddingProvider
from hexdesk.core.model.ai_config import AIConfig, Credentials, EmbeddingModel
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.testing import NgramEmbeddings
from hexdesk.entrypoints.bootstrap.knowledge import knowledge_probe, open_embeddings
from hexdesk.entrypoints.settings import SettingsError

Make = Callable[[EmbeddingModel, Credentials], Any]
LETTERS = EmbeddingModel(provider="local", model="letters", dimensions=256)
LOCAL = {"local": Credentials(base_url="http://127.0.0.1:1/v1")}


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def test_without_a_model_files_are_found_by_their_words() -> None:
    async with open_embeddings(AIConfig()) as embeddings:
        assert embeddings is None
    found = await knowledge_probe(AIConfig(), no).check()
    assert (found.status, found.detail) == (HealthStatus.OK, "files are found by their words")


async def test_a_model_of_ones_own_server_needs_no_key() -> None:
    config = AIConfig(embeddings=LETTERS, providers=LOCAL)
    async with open_embeddings(config) as embeddings:
        assert embeddings is not None
        assert embeddings.name == "local:letters/256"
    found = await knowledge_probe(config, yes).check()
    assert (found.status, found.detail) == (
        HealthStatus.OK,
        "files are found by words, and by meaning with letters",
    )


@pytest.mark.parametrize("providers", [{}, {"local": Credentials()}])
async def test_a_model_without_a_key_is_off_and_health_says_so(
    providers: dict[str, Credentials],
) -> None:
    config = AIConfig(embeddings=LETTERS, providers=providers)
    async with open_embeddings(config) as embeddings:
        assert embeddings is None
    found = await knowledge_probe(config, yes).check()
    assert found.status is HealthStatus.DEGRADED
    assert "'local' has no key" in (found.detail or "")


async def test_a_database_without_pgvector_shows() -> None:
    found = await knowledge_probe(AIConfig(embeddings=LETTERS, providers=LOCAL), no).check()
    assert found.status is HealthStatus.DEGRADED
    assert "pgvector" in (found.detail or "")


async def test_a_plugins_provider_is_opened_and_needs_no_key_of_ours() -> None:
    config, made = AIConfig(embeddings=LETTERS), NgramEmbeddings()
    plugins = (EmbeddingProvider(name="local", make=lambda model, credentials: made),)
    async with open_embeddings(config, plugins) as embeddings:
        assert embeddings is made
    found = await knowledge_probe(config, yes, plugins, made).check()
    assert (found.status, found.detail) == (
        HealthStatus.OK,
        "files are found by words, and by meaning with letters",
    )


def breaks(model: EmbeddingModel, credentials: Credentials) -> Any:
    raise RuntimeError(f"no {model.model} here")


def makes_another_thing(model: EmbeddingModel, credentials: Credentials) -> Any:
    return object()


@pytest.mark.parametrize("make", [breaks, makes_another_thing])
async def test_a_plugin_that_makes_no_model_is_named_and_stops_nobody(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    config, plugins = AIConfig(embeddings=LETTERS), (EmbeddingProvider(name="local", make=make),)

    async with open_embeddings(config, plugins) as embeddings:
        assert embeddings is None

    assert "plugin makes no embedding model" in caplog.text
    found = await knowledge_probe(config, yes, plugins, embeddings).check()
    assert found.status is HealthStatus.DEGRADED
    assert "the plugin of provider 'local' failed" in (found.detail or "")


@pytest.mark.parametrize("make", [breaks, makes_another_thing])
async def test_where_no_plugin_may_be_broken_one_that_makes_no_model_stops_the_start(
    make: Make,
) -> None:
    config, plugins = AIConfig(embeddings=LETTERS), (EmbeddingProvider(name="local", make=make),)

    with pytest.raises(SettingsError, match="'local' makes no embedding model"):
        async with open_embeddings(config, plugins, is_strict=True):
            pass
