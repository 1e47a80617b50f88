"""Which layer decides a setting, and what follows from it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from hexdesk.core.model.agents import (
    SETTING_NAMES,
    AgentOverrides,
    AgentSettings,
    ResolvedConfiguration,
    Source,
)
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.policy.configuration import config_hash, inherits_model, resolve
from hexdesk.core.testing.examples import an_agent, new_id
from tests.unit.core.laws import law

# One value per setting and layer, strongest layer first, none of them a default.
VALUES: dict[str, tuple[Any, Any, Any, Any]] = {
    "name": ("own", "configured", "organization's", "file's"),
    "agent_type": ("own", "configured", "organization's", "file's"),
    "role": ("own", "configured", "organization's", "file's"),
    "prompt": ("own", "configured", "organization's", "file's"),
    "model_provider": ("own", "configured", "organization's", "file's"),
    "model_name": ("own", "configured", "organization's", "file's"),
    "temperature": (0.0, 0.5, 1.0, 1.5),
    "max_tokens": (1, 2, 3, 4),
    "timeout": (1.0, 2.0, 3.0, 4.0),
    "mcp_enabled": (False, False, False, False),
    "tools_enabled": (("a",), ("b",), ("c",), ()),
    "require_approval": (("a",), ("b",), ("c",), ()),
    "tone": ("own", "configured", "organization's", "file's"),
    "communication_style": ("own", "configured", "organization's", "file's"),
    "use_streaming": (False, False, False, False),
    "response_length": ("own", "configured", "organization's", "file's"),
    "memory_retention": (0, 1, 2, 3),
    "max_context_size": (1, 2, 3, 4),
    "max_iterations": (1, 2, 3, 4),
    "timeout_seconds": (1.0, 2.0, 3.0, 4.0),
}
LAYERS = (Source.AGENT, Source.CONFIGURATION, Source.ORGANIZATION, Source.AI_CONFIG)
DESTRUCTIVE = ("delete_ticket",)
Layers = dict[Source, dict[str, Any]]


def resolved(layers: Layers) -> ResolvedConfiguration:
    own, configuration, organization, file = (
        AgentOverrides(**layers.get(layer, {})) for layer in LAYERS
    )
    agent = replace(an_agent(new_id()), own=own, configuration=configuration)
    return resolve(agent, organization, AIConfig(agent=file), DESTRUCTIVE)


def some_layers() -> some.SearchStrategy[Layers]:
    """Return layers that each decide some of the settings, or name them as null."""
    decided = [
        some.fixed_dictionaries(
            {},
            optional={
                name: some.sampled_from([values[place], None]) for name, values in VALUES.items()
            },
        )
        for place, _ in enumerate(LAYERS)
    ]
    return some.tuples(*decided).map(lambda given: dict(zip(LAYERS, given, strict=True)))


def test_every_setting_has_its_values_here() -> None:
    assert set(VALUES) == set(SETTING_NAMES)


@law
@given(some_layers())
def test_the_strongest_layer_that_decides_a_setting_wins_and_is_named(layers: Layers) -> None:
    answer = resolved(layers)
    defaults = {**msgspec.structs.asdict(AgentSettings()), "require_approval": DESTRUCTIVE}
    for name in SETTING_NAMES:
        deciding = [one for one in LAYERS if layers[one].get(name) is not None]
        source = deciding[0] if deciding else Source.DEFAULT
        value = layers[source][name] if deciding else defaults[name]
        assert (getattr(answer.values, name), answer.sources[name]) == (value, source)


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_each_layer_yields_to_the_ones_above_it_alone(name: str) -> None:
    for place, source in enumerate(LAYERS):
        layers = {
            layer: {name: VALUES[name][index]}
            for index, layer in enumerate(LAYERS)
            if index >= place
        }
        answer = resolved(layers)
        assert getattr(answer.values, name) == VALUES[name][place]
        assert answer.sources[name] is source


def test_where_nothing_is_decided_every_destructive_tool_waits_for_a_person() -> None:
    answer = resolved({})
    assert answer.values.require_approval == DESTRUCTIVE
    assert answer.sources["require_approval"] is Source.DEFAULT


def test_an_empty_list_lets_the_agent_act_alone() -> None:
    answer = resolved({Source.AGENT: {"require_approval": ()}})
    assert answer.values.require_approval == ()
    assert answer.sources["require_approval"] is Source.AGENT


def test_the_offline_model_may_stand_in_only_where_no_tenant_chose_a_model() -> None:
    assert inherits_model(resolved({}))
    assert inherits_model(resolved({Source.AI_CONFIG: {"model_name": "gpt-4o"}}))
    for layer in (Source.AGENT, Source.CONFIGURATION, Source.ORGANIZATION):
        assert not inherits_model(resolved({layer: {"model_name": "gpt-4o"}}))
        assert not inherits_model(resolved({layer: {"model_provider": "anthropic"}}))
        assert inherits_model(resolved({layer: {"tone": "dry"}}))


@law
@given(name=some.sampled_from(SETTING_NAMES), place=some.sampled_from(range(len(LAYERS))))
def test_any_changed_setting_changes_the_hash(name: str, place: int) -> None:
    before, after = AgentSettings(), replace(AgentSettings(), **{name: VALUES[name][place]})
    assert len(config_hash(before)) == 16
    assert (config_hash(before) == config_hash(after)) == (before == after)
