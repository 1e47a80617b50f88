"""How settings become the instructions of a model."""

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import Prompts
from hexdesk.core.policy.instructions import instructions

SHAPING = (
    "name", "role", "prompt", "tone", "communication_style", "response_length",
)  # fmt: skip


@pytest.mark.parametrize("name", SHAPING)
def test_each_of_these_settings_shapes_the_instructions(name: str) -> None:
    settings = replace(AgentSettings(), **{name: "quite unmistakable"})
    assert "quite unmistakable" in instructions(settings, Prompts())
    assert "quite unmistakable" not in instructions(AgentSettings(), Prompts())


def test_a_template_may_name_the_agents_type() -> None:
    assert instructions(AgentSettings(agent_type="sales"), Prompts(template="$agent_type")) == (
        "sales"
    )


def test_words_that_the_tables_know_are_spelled_out_and_others_stand_for_themselves() -> None:
    prompts = Prompts(
        template="$tone|$communication_style|$response_length",
        tones={"calm": "Keep calm."},
        communication_styles={"plain": "Use plain words."},
        response_lengths={"short": "Two sentences."},
    )
    known = AgentSettings(tone="calm", communication_style="plain", response_length="short")
    assert instructions(known, prompts) == "Keep calm.|Use plain words.|Two sentences."
    assert instructions(AgentSettings(tone="dry"), prompts) == "dry|professional|detailed"


def test_what_a_tenant_writes_is_not_read_as_a_template() -> None:
    settings = AgentSettings(prompt="Earn $tone and $5.", tone="dry")
    assert instructions(settings, Prompts(template="$prompt $unknown")) == (
        "Earn $tone and $5. $unknown"
    )
