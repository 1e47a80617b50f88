"""Agents on pydantic-ai."""

from hexdesk.adapters.agents.pydantic_ai.models import ModelShelf
from hexdesk.adapters.agents.pydantic_ai.runner import PydanticAIRunner

__all__ = ["ModelShelf", "PydanticAIRunner"]
