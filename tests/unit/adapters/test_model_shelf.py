"""Which models an agent asks, and in which order."""

import logging
import threading

import pytest
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.models.test import TestModel

from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import Credentials, ModelChoice, Models

KEY = Credentials(api_key="sk-key")
ON_PREMISES = Credentials(base_url="http://127.0.0.1:1/v1")
NOBODYS = AgentSettings(model_provider="nobody", model_name="model-1")


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def names(shelf: ModelShelf, settings: AgentSettings, *, inherits_model: bool = False) -> list[str]:
    """Return the names of the models that are asked."""
    return [one.name for one in shelf.chain(settings, inherits_model=inherits_model)]


def test_openai_itself_speaks_responses() -> None:
    (chosen,) = ModelShelf(credentials={"openai": KEY}).chain(AgentSettings(), inherits_model=True)
    assert isinstance(chosen.model, OpenAIResponsesModel)
    assert chosen.name == "openai:gpt-4o-mini"


def test_a_server_of_ones_own_speaks_chat_completions_and_needs_no_key() -> None:
    shelf = ModelShelf(credentials={"openai": ON_PREMISES})
    (chosen,) = shelf.chain(AgentSettings(), inherits_model=True)
    assert isinstance(chosen.model, OpenAIChatModel)
    assert str(chosen.model.client.base_url) == "http://127.0.0.1:1/v1/"
    assert chosen.model.client.api_key == "no-key-is-set"


def test_a_key_may_come_from_the_providers_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-outside")
    assert names(ModelShelf(), AgentSettings()) == ["openai:gpt-4o-mini"]


def test_the_agents_model_comes_first_and_each_model_once() -> None:
    fallback = (ModelChoice("openai", "gpt-4o"), ModelChoice("openai", "gpt-4o-mini"))
    shelf = ModelShelf(models=Models(fallback=fallback), credentials={"openai": KEY})
    assert names(shelf, AgentSettings()) == ["openai:gpt-4o-mini", "openai:gpt-4o"]
    other = AgentSettings(model_name="gpt-5")
    assert names(shelf, other) == ["openai:gpt-5", "openai:gpt-4o", "openai:gpt-4o-mini"]


@pytest.mark.parametrize(
    "choice",
    [
        ModelChoice("nobody", "model-1"),
        ModelChoice("openai", "gpt-4o"),
        ModelChoice("groq", "llama"),
        ModelChoice("", ""),
        ModelChoice("openai", ""),
        ModelChoice("a:b:c", "d"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_left_out(choice: ModelChoice) -> None:
    settings = AgentSettings(model_provider=choice.provider or "x", model_name=choice.name or "x")
    assert names(ModelShelf(models=Models(fallback=(choice,))), settings) == []


def test_why_it_cannot_be_asked_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="hexdesk.models")
    shelf = ModelShelf(credentials={"openai": KEY})
    for _ in range(2):
        shelf.chain(NOBODYS, inherits_model=False)
    (record,) = caplog.records
    assert record.message == "model not available"
    assert record.__dict__["model"] == "nobody:model-1"
    assert "sk-key" not in record.__dict__["reason"]


def test_models_are_made_once_and_share_their_connections() -> None:
    fallback = (ModelChoice("openai", "gpt-4o"),)
    shelf = ModelShelf(models=Models(fallback=fallback), credentials={"openai": ON_PREMISES})
    first = shelf.chain(AgentSettings(), inherits_model=True)
    assert shelf.chain(AgentSettings(), inherits_model=True) == first
    one, two = (chosen.model for chosen in first)
    assert isinstance(one, OpenAIChatModel)
    assert isinstance(two, OpenAIChatModel)
    assert one.client is two.client


def test_the_offline_model_stands_in_where_no_tenant_chose() -> None:
    shelf = ModelShelf(offline=TestModel)
    first = shelf.chain(NOBODYS, inherits_model=True)
    assert [one.name for one in first] == ["test"]
    assert shelf.chain(AgentSettings(), inherits_model=True)[0].model is first[0].model


def test_it_does_not_where_a_tenant_chose() -> None:
    assert names(ModelShelf(offline=TestModel), NOBODYS) == []


def test_it_does_not_where_anything_else_can_be_asked() -> None:
    fallback = Models(fallback=(ModelChoice("openai", "gpt-4o"),))
    shelf = ModelShelf(models=fallback, credentials={"openai": KEY}, offline=TestModel)
    assert names(shelf, NOBODYS, inherits_model=True) == ["openai:gpt-4o"]


async def test_models_are_made_beside_the_event_loop() -> None:
    makers: list[str] = []

    def make() -> Model:
        makers.append(threading.current_thread().name)
        return TestModel()

    shelf = ModelShelf(offline=make)
    await shelf.prepare(NOBODYS)
    assert names(shelf, NOBODYS, inherits_model=True) == ["test"]
    assert len(makers) == 1
    assert makers[0] != threading.current_thread().name


async def test_a_closed_shelf_has_closed_its_connections() -> None:
    shelf = ModelShelf(credentials={"openai": ON_PREMISES})
    (chosen,) = shelf.chain(AgentSettings(), inherits_model=True)
    assert isinstance(chosen.model, OpenAIChatModel)
    await shelf.aclose()
    assert chosen.model.client.is_closed()


async def test_a_shelf_closes_what_other_providers_opened() -> None:
    shelf = ModelShelf(credentials={"openai": KEY})
    (chosen,) = shelf.chain(AgentSettings(), inherits_model=True)
    assert isinstance(chosen.model, OpenAIResponsesModel)
    await shelf.aclose()
    assert chosen.model.client.is_closed()
