"""How settings become the instructions of a model."""

from string import Template

from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import Prompts


def instructions(settings: AgentSettings, prompts: Prompts) -> str:
    """Fill the template with the settings; words the tables know are spelled out."""
    return Template(prompts.template).safe_substitute(
        name=settings.name,
        agent_type=settings.agent_type,
        role=settings.role,
        prompt=settings.prompt,
        tone=prompts.tones.get(settings.tone, settings.tone),
        communication_style=prompts.communication_styles.get(
            settings.communication_style, settings.communication_style
        ),
        response_length=prompts.response_lengths.get(
            settings.response_length, settings.response_length
        ),
    )
