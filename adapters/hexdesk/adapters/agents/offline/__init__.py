"""The built-in model that needs no key: rules for ticket work, behind pydantic-ai's interface."""

from hexdesk.adapters.agents.offline.conversation import (
    Call,
    Conversation,
    HandOver,
    Said,
    Say,
    ToolResult,
)
from hexdesk.adapters.agents.offline.model import MODEL_NAME, OfflineModel
from hexdesk.adapters.agents.offline.rules import decide

__all__ = [
    "MODEL_NAME",
    "Call",
    "Conversation",
    "HandOver",
    "OfflineModel",
    "Said",
    "Say",
    "ToolResult",
    "decide",
]
